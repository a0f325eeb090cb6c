"""Checkpoints of mmsegmentation, and of the releases that build on it, as ours."""
