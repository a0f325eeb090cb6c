"""Stateless tensor functions that classifiers and losses share."""
