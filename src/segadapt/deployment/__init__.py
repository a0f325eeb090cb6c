"""A trained network used outside of the laboratory: loaded, predicting, written to files."""
