"""Checkpoints of mmsegmentation and of the releases under our names."""
