"""Blocks of the encoders."""
