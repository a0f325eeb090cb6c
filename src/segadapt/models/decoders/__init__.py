"""Decoders: from feature pyramids to pixel features."""
