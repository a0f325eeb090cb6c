"""Where tests compute Triton's kernels: on a card, or on the CPU by Triton's interpreter.

Triton decides which when it is first imported, so that ``conftest.py`` imports this before all that
may import Triton. Commands that tests start train on the CPU, without Triton.
"""

import os

import torch

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"

if DEVICE == "cpu":
    os.environ["TRITON_INTERPRET"] = "1"
