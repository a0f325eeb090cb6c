"""Callbacks of the training: checkpoints, progress, signals, reports."""
