"""Predictions and labels to scalars."""
