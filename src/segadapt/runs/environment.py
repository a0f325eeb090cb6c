"""Software and hardware of a run, for environment.json."""

import json
import os
import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import torch

from segadapt.files import replace_text
from segadapt.runs.file_names import ENVIRONMENT
from segadapt.text.bounded import MIB, read_object

PACKAGES = ("torch", "torchvision", "lightning", "timm", "segmentation-models-pytorch")


def environment(world_size: int, precision: str, loss_kernel: str) -> dict[str, Any]:
    """Versions, commit and hardware.

    Args:
        world_size: Number of processes.
        precision: Precision of the training, by Lightning's name.
        loss_kernel: Implementation of its pixel losses: ``strips`` or ``triton``.
    """
    gpus = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
    return {
        **provenance(),
        "platform": platform.platform(),
        "processor": processor(),
        "processors": len(os.sched_getaffinity(0)),
        "threads": torch.get_num_threads(),
        "gpus": [{"name": gpu.name, "mib": gpu.total_memory // 2**20} for gpu in gpus],
        "cuda": torch.version.cuda,
        "processes": world_size,
        "precision": precision,
        "loss_kernel": loss_kernel,
    }


def keep_environment(folder: Path, world_size: int, precision: str, loss_kernel: str) -> None:
    """Write environment.json; if a resumed run has another environment, append it."""
    file, now = folder / ENVIRONMENT, environment(world_size, precision, loss_kernel)
    if not file.is_file():
        replace_text(file, json.dumps({**now, "resumed_in": []}, indent=2) + "\n")
        return
    kept = read_object(file, MIB)
    if not isinstance(kept.setdefault("resumed_in", []), list):
        raise ValueError(f"{file}: resumed_in must be a list; restore or remove the file")
    first = {name: value for name, value in kept.items() if name != "resumed_in"}
    if now != (kept["resumed_in"] or [first])[-1]:
        kept["resumed_in"].append(now)
        replace_text(file, json.dumps(kept, indent=2) + "\n")


def processor() -> str:
    """The processor and the vector instructions that torch uses on it.

    A training on a CPU repeats to the last digit only where this is the same. Virtual machines
    often hide the model's name, so Linux's numbers of family and model are added.
    """
    facts: dict[str, str] = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        facts.setdefault(key.strip(), value.strip())  # of the first processor
    name = facts.get("model name", platform.machine())
    numbers = [f"{key} {facts[key]}" for key in ("cpu family", "model") if key in facts]
    return ", ".join([name, *numbers, torch.backends.cpu.get_cpu_capability()])


def provenance() -> dict[str, Any]:
    """Versions of this package, of its commit and of the libraries that affect its numbers.

    They are read once in a process: a report that is written hours later states the code that is
    loaded, not that of a checkout which has changed meanwhile. Long commands therefore call this
    before their work.
    """
    return dict(_loaded())


@cache
def _loaded() -> dict[str, Any]:
    return {
        "segadapt": version("segadapt"),
        **commit(Path(__file__).parent),
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "opencv": cv2.__version__,  # it is distributed under several package names
    }


def commit(folder: Path) -> dict[str, Any]:
    """The commit checked out in a folder, and whether files differ from it.

    Both are None outside a repository, for example after installation from a wheel.
    """
    head = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"commit": head or None, "dirty": None if changes is None else bool(changes)}


def _git(folder: Path, *arguments: str) -> str | None:
    """The output of git, or None without git or outside a repository."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
