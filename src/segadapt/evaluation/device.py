"""The device of a command that does not train."""

import re

import torch
from omegaconf import DictConfig

from segadapt.text.choices import unknown


def with_device(cfg: DictConfig) -> DictConfig:
    """The config of a command, in which the actual device replaces ``auto``.

    Raises:
        ValueError: As :func:`chosen_device`.
    """
    chosen = cfg.copy()
    chosen.device = chosen_device(cfg.device)
    return chosen


def check_measures(device: str) -> None:
    """Check that results can be measured on a device.

    Raises:
        ValueError: If it does not compute in double precision.
    """
    if device == "mps":
        raise ValueError(
            "device=mps: confidences are summed in double precision, which Apple GPUs do not have; "
            "set device=cpu"
        )


def chosen_device(device: str | torch.device) -> str:
    """The device requested by a config; ``auto`` is the GPU if available.

    Args:
        device: Value of the key ``device``, or a device of torch.

    Raises:
        ValueError: If there is no such device, or the machine does not have it.
    """
    device = str(device)
    if re.fullmatch(r"auto|cpu|mps|cuda(:\d{1,4})?", device) is None:
        raise ValueError(unknown("device", device, ("auto", "cpu", "mps", "cuda", "cuda:NUMBER")))
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "auto":
        return "cuda" if cards else "cpu"
    if device == "mps" and not torch.backends.mps.is_available():
        raise ValueError("device=mps, but torch finds no Apple GPU; set device=cpu or device=auto")
    kind, _, index = device.partition(":")
    if kind == "cuda" and not cards:
        raise ValueError(f"device={device}, but torch finds no GPU; set device=cpu or device=auto")
    if kind == "cuda" and int(index or 0) >= cards:
        raise ValueError(
            f"device={device}, but torch finds {cards} GPU(s), counted from 0; set "
            f"device=cuda:{cards - 1} at most"
        )
    return device
