"""The machine on which numbers were measured."""

import os
import platform
from typing import Any

import torch

from segadapt.runs.environment import processor


def machine() -> dict[str, Any]:
    """Processor, memory and GPU, and the current load of the processor."""
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 2),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "cuda": torch.version.cuda,
        "system": platform.platform(),
    }
