"""Encoders: from images to feature pyramids."""
