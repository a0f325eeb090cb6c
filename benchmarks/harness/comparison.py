"""Models with classifiers, measured side by side."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from benchmarks.harness.memory import peak_bytes
from benchmarks.harness.paper_flops import paper_macs
from benchmarks.harness.steps import Parts, Subject

from segadapt.analysis.cost.flops import true_macs
from segadapt.analysis.cost.parameters import Parameters, count_parameters
from segadapt.analysis.cost.timing import Timing, alternate, clock_for
from segadapt.segmentor import Segmentor
from segadapt.structures import Batch
from segadapt.training.compiled import CompiledHalves


class Static(NamedTuple):
    """Costs that are counted without a clock."""

    parameters: Parameters
    true_macs: int
    paper_macs: int


class CostRow(NamedTuple):
    """One model with one classifier."""

    model: str
    classifier: str
    static: Static
    training: list[Timing]
    inference: list[Timing]
    peak_bytes: int
    """Peak memory of a training step, in bytes."""


class Setting(NamedTuple):
    """Conditions of a measurement."""

    device: torch.device
    half: bool
    compiled: bool
    channels_last: bool
    repeats: int


def compare(
    model: str, parts: Mapping[str, Parts], batch: Batch, setting: Setting
) -> list[CostRow]:
    """Measure one model with several classifiers.

    Args:
        model: Its name.
        parts: What to train, by the classifier's name.
        batch: What to train on.
        setting: How.
    """
    size = (batch.image.shape[2], batch.image.shape[3])
    static = {name: count(part.model, *size) for name, part in parts.items()}
    subjects = {name: place(part, batch, setting) for name, part in parts.items()}
    clock = clock_for(setting.device)
    training = alternate(_training(subjects), setting.repeats, clock)
    peaks = {
        name: peak_bytes(cleared(subject), subject.held(), setting.device)
        for name, subject in subjects.items()
    }
    inference = alternate(_inference(subjects), setting.repeats, clock)
    return [
        CostRow(model, name, static[name], training[name], inference[name], peaks[name])
        for name in parts
    ]


def count(model: Segmentor, height: int, width: int) -> Static:
    """Everything that needs no clock."""
    return Static(
        count_parameters(model),
        true_macs(model, height, width),
        paper_macs(model, height, width),
    )


def place(parts: Parts, batch: Batch, setting: Setting) -> Subject:
    """Bring a network and a batch to the device, in the memory format, compiled if wanted."""
    layout = torch.channels_last if setting.channels_last else torch.contiguous_format
    parts.model.to(setting.device, memory_format=layout)  # type: ignore[call-overload]
    parts.objective.to(setting.device)
    forward = CompiledHalves(parts.model, "default") if setting.compiled else None
    image = batch.image.to(setting.device, memory_format=layout)
    placed = Batch(image, batch.mask.to(setting.device), batch.name)
    return Subject(parts, placed, setting.half, forward)


def cleared(subject: Subject) -> Callable[[], object]:
    """The training step of a subject whose gradients are given back now, so that they count."""
    subject.model.train()
    subject.optimizer.zero_grad(set_to_none=True)
    return subject.train_step


def _training(subjects: Mapping[str, Subject]) -> dict[str, Callable[[], object]]:
    for subject in subjects.values():
        subject.model.train()
    return {name: subject.train_step for name, subject in subjects.items()}


def _inference(subjects: Mapping[str, Subject]) -> dict[str, Callable[[], object]]:
    for subject in subjects.values():
        subject.optimizer.zero_grad(set_to_none=True)
        subject.model.eval()
    return {name: subject.infer for name, subject in subjects.items()}
