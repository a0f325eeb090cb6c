"""Device on which tests run Triton kernels: a GPU, or the CPU by Triton's interpreter.

Triton decides which when it is first imported, so that ``conftest.py`` imports this before all that
may import Triton. Commands that tests start train on the CPU, without Triton.
"""

import os

import torch

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"

if DEVICE == "cpu":
    os.environ["TRITON_INTERPRET"] = "1"
