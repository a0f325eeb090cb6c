"""Latency of the networks of several runs for one image, measured side by side."""

from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Final

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from segadapt.analysis.comparison.costs import Latency
from segadapt.analysis.comparison.results import Result
from segadapt.analysis.cost.machine import machine
from segadapt.analysis.cost.timing import alternate, clock_for, seconds
from segadapt.models.interfaces import FeatureGenerator
from segadapt.segmentor import Segmentor

ROUNDS: Final = 10


def latencies(
    results: Sequence[Result], build_model: Callable[[DictConfig], Segmentor]
) -> list[Latency | None]:
    """Time the inference of one image of the training crop's size by each network.

    The networks take turns, on a GPU if available. On a CPU, the CPU time of all threads is
    measured, because the wall clock of a busy machine includes other processes. Only the scores on
    their own grid are computed.

    Args:
        results: Results of the runs.
        build_model: Makes a network from a config, with any weights.

    Returns:
        The latency of each run; None for cached features.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    actions, sizes = {}, {}
    for index, result in enumerate(results):
        config = OmegaConf.create(result.config)
        model = build_model(config).to(device).to(memory_format=torch.channels_last).eval()
        if model.generator.inputs == FeatureGenerator.inputs:
            sizes[index] = height, width = tuple(config.data.crop)
            image = torch.zeros(1, 3, height, width, device=device)
            image = image.contiguous(memory_format=torch.channels_last)
            actions[index] = partial(_score, model, image)
    if not actions:
        return [None] * len(results)
    names = {str(index): action for index, action in actions.items()}
    facts = machine()  # the load before these rounds
    readings = alternate(names, ROUNDS, clock_for(device))
    kind = "wall" if device.type == "cuda" else "cpu"
    times = {i: seconds(readings[str(i)], kind) for i in sizes}
    where = _where(facts)
    return [
        Latency(1000 * median(times[i]), 1000 * min(times[i]), sizes[i], where)
        if i in sizes
        else None
        for i in range(len(results))
    ]


def _score(model: Segmentor, image: Tensor) -> Tensor:
    with torch.inference_mode():
        return model(image).student.logits


def _where(facts: dict[str, object]) -> str:
    if facts["gpu"]:
        return f"{facts['gpu']}, its own clock"
    threads = f"{facts['threads']} thread{'s' if facts['threads'] != 1 else ''}"
    return f"{facts['processor']}, CPU time of {threads}, load {facts['load']:g} before"
