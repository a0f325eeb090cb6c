"""Layers that decoders share."""
