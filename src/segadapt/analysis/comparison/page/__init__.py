"""The page of a comparison: one HTML file with the answer and the evidence."""
