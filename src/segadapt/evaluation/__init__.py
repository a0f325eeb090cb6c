"""Evaluation of a trained network in one pass over a data set."""
