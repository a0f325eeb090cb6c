"""Loggers of a training: metrics.csv and Weights & Biases."""
