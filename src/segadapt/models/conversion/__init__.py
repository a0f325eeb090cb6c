"""Conversion of checkpoints of mmsegmentation and of the releases."""
