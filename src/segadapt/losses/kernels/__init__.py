"""Triton kernels of the pixel losses: for CUDA devices, compiled at first use."""
