"""Search for NaN and infinity in tensors."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


def nonfinite(tensors: Iterable[tuple[str, Tensor]]) -> list[str]:
    """Names of the tensors that hold NaN or infinity; synchronises once per device.

    Args:
        tensors: Names and tensors, on any devices. Integer tensors are skipped, as are tensors on
            meta devices, which hold no data.
    """
    checked: dict[torch.device, tuple[list[str], list[Tensor]]] = {}
    for name, value in tensors:
        if not value.is_meta and (value.is_floating_point() or value.is_complex()):
            names, flags = checked.setdefault(value.device, ([], []))
            names.append(name)
            flags.append(value.detach().isfinite().all())
    return [
        name
        for names, flags in checked.values()
        for name, finite in zip(names, torch.stack(flags).tolist(), strict=True)
        if not finite
    ]


def named_tensors(node: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """Every tensor in nested dictionaries and lists, by its dotted name."""
    match node:
        case Tensor():
            yield name, node
        case Mapping():
            for key, value in node.items():
                yield from named_tensors(value, f"{name}.{key}" if name else str(key))
        case list() | tuple():
            for index, value in enumerate(node):
                yield from named_tensors(value, f"{name}.{index}")


def such_as(names: list[str]) -> str:
    """Number of tensors, and the name of the first one, in words."""
    return f"{len(names)} tensor{'s' if len(names) > 1 else ''}, such as {names[0]}"


def check_file(tensors: Mapping[str, Tensor], file: str | Path) -> None:
    """Check that a network can start from a file of weights.

    Raises:
        ValueError: If a tensor holds NaN or infinity.
    """
    if names := nonfinite(tensors.items()):
        raise ValueError(
            f"{file} holds NaN or infinite values in {such_as(names)}; the file is damaged, or its "
            "training diverged; use another file"
        )
