"""Filling a network of ours from a checkpoint of mmsegmentation or of a release."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from segadapt.functional.nonfinite import check_file
from segadapt.models.conversion.classifiers import GUIDE, MARKS
from segadapt.models.conversion.plan import Plan
from segadapt.models.pretrained.weight_files import unwrapped
from segadapt.text.regular_files import UNREADABLE, reason

State = Mapping[str, Tensor]


class Published(NamedTuple):
    """A checkpoint of mmsegmentation."""

    tensors: dict[str, Tensor]
    config: str
    """The text of its training config; empty if the file does not contain it."""


class Converted(NamedTuple):
    """Tensors of a network, and the unused ones of the checkpoint."""

    tensors: dict[str, Tensor]
    idle: list[str]
    """Tensors that the release does not use either, under their published names."""
    unused: list[str]
    """Tensors that have no place in the network."""


def read_published(file: Path) -> Published:
    """Read a checkpoint of mmsegmentation 0.x or 1.x; only tensors and plain values are unpickled.

    Raises:
        ValueError: If there is no such file, it holds no network, or it holds other objects.
    """
    content = _content(file)
    state = next((content[key] for key in ("state_dict", "model") if key in content), content)
    tensors = unwrapped(state, file) if isinstance(state, Mapping) else {}
    if not any(name.startswith("decode_head.") for name in tensors):
        raise ValueError(
            f"{file} has no decode_head, so it is not a segmentation network of mmsegmentation; "
            "weights of a backbone alone go into model.encoder.weights"
        )
    meta = content.get("meta")
    config = (meta.get("cfg") or meta.get("config")) if isinstance(meta, Mapping) else None
    return Published(tensors, config if isinstance(config, str) else "")


def _content(file: Path) -> Mapping[str, Any]:
    if not file.is_file():
        raise ValueError(f"file not found: {file}")
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{file} is not a checkpoint, or holds more than tensors and plain values, which is "
            "not read because it could run code; if you trust it, strip it with "
            "mmsegmentation's publish_model.py first"
        ) from error
    except UNREADABLE as error:
        raise ValueError(f"{file} cannot be read: {reason(error)}") from error
    return content if isinstance(content, Mapping) else {}


def count_classes(state: State, plan: Plan, file: Path) -> int:
    """Number of classes that a checkpoint scores.

    Raises:
        ValueError: If it lacks the classifier of the network.
    """
    name = f"{plan.head}conv_seg.weight"
    if name not in state:
        raise ValueError(
            f"{file} has no {name}; it is another network, or a part of one: check model="
        )
    return len(state[name])


def check_classifier(state: State, plan: Plan, classifier: str, file: Path) -> None:
    """Compare the requested classifier with that of the checkpoint.

    Raises:
        ValueError: If they differ, or this package lacks the checkpoint's classifier.
    """
    if plan.head + GUIDE in state:
        raise ValueError(
            f"{file} holds CGRSeg's own classifier ({plan.head}{GUIDE}), without which its scores "
            "would differ; only SSA's checkpoints of CGRSeg, which replace it, can be converted"
        )
    there = next((name for name, mark in MARKS.items() if plan.head + mark in state), "fixed")
    if there != classifier:
        raise ValueError(
            f"{file} holds the classifier {there}, not {classifier}; convert it with "
            f"classifier={there}"
        )


def convert(state: State, plan: Plan, own: State, file: Path) -> Converted:
    """A checkpoint's tensors under our names, each checked against the network's shapes.

    Args:
        state: Tensors of the checkpoint.
        plan: Rules for the network.
        own: State dict of the network; only names and shapes are read.
        file: Source of the tensors, for messages.

    Raises:
        ValueError: If a tensor of the network is missing or given twice, shapes differ, or a tensor
            holds NaN or infinity.
    """
    tensors: dict[str, Tensor] = {}
    left = Converted(tensors, [], [])
    for theirs, value in state.items():
        if plan.idle(theirs):
            left.idle.append(theirs)
            continue
        placed = plan.place(theirs, value, own)
        if not placed:
            left.unused.append(theirs)
        for name, tensor in placed.items():
            _check(name, theirs, tensor, own, tensors, file)
            tensors[name] = tensor
    _complete(tensors, own, left.unused, file)
    check_file(tensors, file)
    return left


def _check(name: str, theirs: str, value: Tensor, own: State, done: State, file: Path) -> None:
    if value.shape != own[name].shape:
        raise ValueError(
            f"{file}: {theirs} has the shape {tuple(value.shape)}, where this network has "
            f"{tuple(own[name].shape)} ({name}); it is another variant: check model="
        )
    if name in done and not torch.equal(done[name], value):
        raise ValueError(f"{file} holds two different tensors for {name}, one of them as {theirs}")


def _complete(tensors: dict[str, Tensor], own: State, unused: list[str], file: Path) -> None:
    """Add the tensors that only our networks have; no others may be missing.

    These are the statistics of the renormalisation, and counters that old checkpoints lack.
    """
    tensors |= {name: value for name, value in own.items() if ".colors." in name}
    missing = [name for name in own if name not in tensors]
    for name in [name for name in missing if name.endswith(".num_batches_tracked")]:
        tensors[name] = torch.zeros_like(own[name], device="cpu")
        missing.remove(name)
    if missing:
        odd = f", while {unused[0]} has no place" if unused else ""
        raise ValueError(
            f"{file} is incomplete or another network: {len(missing)} of {len(own)} tensors are "
            f"missing, such as {missing[0]}{odd}; check model="
        )
