"""Counting the cost of a run's network from its config."""

from collections.abc import Callable

from omegaconf import DictConfig, OmegaConf

from segadapt.analysis.comparison.costs import Cost
from segadapt.analysis.comparison.results import Result
from segadapt.analysis.cost.flops import true_macs
from segadapt.analysis.cost.parameters import count_parameters
from segadapt.models.interfaces import FeatureGenerator
from segadapt.segmentor import Segmentor


def cost(result: Result, build_model: Callable[[DictConfig], Segmentor]) -> Cost:
    """Build the network without published weights, and count its cost.

    Args:
        result: Result of the run.
        build_model: Makes the network from a config, with any weights.
    """
    config = OmegaConf.create(result.config)
    height, width = config.data.crop
    model = build_model(config)
    pictures = model.generator.inputs == FeatureGenerator.inputs
    macs = true_macs(model, height, width) if pictures else None
    return Cost(*count_parameters(model), macs, (height, width))
