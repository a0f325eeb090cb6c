"""Counts over a data set, and what they say."""
