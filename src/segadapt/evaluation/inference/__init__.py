"""Inference: from an image to class scores."""
