"""Commands of GPU tests, run on the GPU, or on the CPU to try the tests themselves."""

import os
import subprocess
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parents[2]
DEVICE = torch.device(os.environ.get("SEGADAPT_TEST_DEVICE", "cuda"))
"""``SEGADAPT_TEST_DEVICE=cpu pytest -m gpu`` tries the tests where there is no GPU."""


def command(script: str, *words: str) -> subprocess.Popen:
    """Start one of the project's commands in a process of its own: CUDA does not survive a fork."""
    return subprocess.Popen(
        [sys.executable, script, *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(script: str, *words: str) -> str:
    """The output of a command that must succeed."""
    process = command(script, *words)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return output


def training(folder: Path, *words: str) -> list[str]:
    """Words of a tiny training on the device."""
    where = "gpu" if DEVICE.type == "cuda" else "cpu"
    return [
        "data=synthetic",
        "model=tiny",
        "data.module.train.size=64",
        "data.module.val.size=64",
        "data.num_workers=0",
        "logger=none",
        f"trainer={where}",
        f"hydra.run.dir={folder}",
        *words,
    ]
