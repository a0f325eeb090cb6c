"""Semantic segmentation with a swappable pixel classifier."""
