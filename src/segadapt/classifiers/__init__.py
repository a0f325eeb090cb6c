"""Pixel features (and labels) to predictions: the swappable half of every network."""
