"""The page of a comparison: one file with the answer and what it rests on."""
