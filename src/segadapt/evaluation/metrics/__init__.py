"""Counts over a data set, and the metrics computed from them."""
