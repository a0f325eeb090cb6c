"""The networks that a command line names, ready to predict."""

from collections.abc import Mapping, Sequence
from typing import Any

from segadapt.deployment.prediction.load import load
from segadapt.deployment.prediction.model import Model
from segadapt.deployment.prediction_files.work import Network
from segadapt.files import expanded


def open_networks(
    sources: Sequence[str], options: Mapping[str, Any], settings: Mapping[str, Any]
) -> list[Network]:
    """Load networks of one data set.

    Args:
        sources: Run folders, bundles, or ``hf:owner/name``.
        options: ``checkpoint``, ``device``, ``precision``, ``inference`` and ``trust_config``.
        settings: Settings of the inference.

    Raises:
        ValueError: If one cannot be loaded, or their classes differ.
    """
    models = [
        load(
            source,
            checkpoint=options["checkpoint"],
            device=options["device"],
            precision=options["precision"],
            trust=options["trust_config"],
        )
        for source in sources
    ]
    for model, source in zip(models, sources, strict=True):
        if model.classes != models[0].classes:
            raise ValueError(
                f"{sources[0]} and {source} have different classes; pass runs of one data set"
            )
    return [
        Network(title, model, model.predictor(model.inference(options["inference"], settings)))
        for title, model in zip(titles(models, sources), models, strict=True)
    ]


def titles(models: Sequence[Model], sources: Sequence[str]) -> list[str]:
    """Short names that distinguish networks: their classifiers, or else their folders."""
    classifiers = [str(model.info["classifier"]).removesuffix("Classifier") for model in models]
    names = [expanded(source).resolve().name for source in sources]
    for candidates in (classifiers, names):
        if len(set(candidates)) == len(candidates):
            return candidates
    return [f"{name} ({number})" for number, name in enumerate(names, start=1)]
