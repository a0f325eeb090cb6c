"""What the network of a run costs, counted from its config."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from omegaconf import DictConfig, OmegaConf

from segadapt.comparing.runs import Result
from segadapt.cost.parameters import Parameters, count_parameters
from segadapt.cost.true_flops import true_macs
from segadapt.segmentor import Segmentor


class Cost(NamedTuple):
    """Of one network."""

    parameters: Parameters
    macs: int
    """Multiply-adds of the student for one crop, which papers call FLOPs."""
    size: tuple[int, int]
    """Rows and columns of that crop."""


def cost(result: Result, build_model: Callable[[DictConfig], Segmentor]) -> Cost:
    """Build the network, without published weights, and count.

    Args:
        result: Of the run.
        build_model: Makes the network from a config, with any weights.
    """
    config = OmegaConf.create(result.config)
    height, width = config.data.crop
    model = build_model(config)
    return Cost(count_parameters(model), true_macs(model, height, width), (height, width))


def minutes(result: Result) -> float | None:
    """From start to end; None for a run that was interrupted between."""
    started, ended = result.state.get("started"), result.state.get("ended")
    if result.state.get("starts", 1) != 1 or not (started and ended):
        return None
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds() / 60
