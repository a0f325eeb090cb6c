"""Kinds of files that are written for a prediction."""

from collections.abc import Callable, Collection, Mapping
from math import log
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch

from segadapt.deployment.prediction.image_files import write_grey, write_labels
from segadapt.deployment.prediction.result import Result
from segadapt.files import replacing
from segadapt.segmentor import Segmentor
from segadapt.text.choices import check_choice

COARSE: Final = "coarse"
"""The branch before adaptation."""


class Style(NamedTuple):
    """Style in which predictions are drawn and written."""

    numbers: str = "data"
    """``data`` or ``train``, as in :meth:`Result.save`."""
    opacity: float = 0.5
    legend: bool = True


class Output(NamedTuple):
    """One kind of file.

    Args:
        suffix: Suffix of its files.
        also: Required maps in addition to the labels.
        write: Writes a result to a file.
        scale: Meaning of its values, unless they are labels or colours.
    """

    suffix: str
    also: str | None
    write: Callable[[Result, Path, Style], object]
    scale: str | None = None


def _labels(result: Result, file: Path, style: Style) -> None:
    result.save(file, style.numbers)


def _coarse(result: Result, file: Path, style: Style) -> None:
    contract = result.contract if style.numbers == "data" else None
    write_labels(file, result.of("labels", "coarse"), contract, result.colors)


def _overlay(result: Result, file: Path, style: Style) -> None:
    result.overlay(file, style.opacity, style.legend)


def _probabilities(result: Result, file: Path, style: Style) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as opened:
        np.savez(opened, scores=result.scores(), classes=np.array(result.classes))


def _confidence(result: Result, file: Path, style: Style) -> None:
    write_grey(file, eight_bits(result.confidence, 1.0))


def _entropy(result: Result, file: Path, style: Style) -> None:
    write_grey(file, eight_bits(result.entropy, log(len(result.classes))))


def _changed(result: Result, file: Path, style: Style) -> None:
    write_grey(file, result.changed.astype(np.uint8) * 255)


def eight_bits(values: np.ndarray, largest: float) -> np.ndarray:
    """Values from 0 to the largest as 0 to 255."""
    scaled = np.asarray(values, dtype=np.float32) * (255 / largest)
    return scaled.round().clip(0, 255).astype(np.uint8)


OUTPUTS: Final[Mapping[str, Output]] = {
    "labels": Output(".png", None, _labels),
    "overlay": Output(".jpg", None, _overlay),
    "probabilities": Output(
        ".npz", "scores", _probabilities, "scores: float16, classes x rows x columns"
    ),
    "confidence": Output(".png", "confidence", _confidence, "255 is probability 1"),
    "entropy": Output(".png", "entropy", _entropy, "255 is log K nats, K the number of classes"),
    "coarse": Output(".png", COARSE, _coarse),
    "changed": Output(".png", COARSE, _changed, "255 where adaptation changed the class, else 0"),
}
"""Kinds of files that ``save=`` accepts; each has a folder below ``out``."""


def check_outputs(save: Collection[str]) -> None:
    """Refuse kinds that do not exist.

    Raises:
        ValueError: If there is one, or none at all.
    """
    for name in save:
        check_choice("save", name, OUTPUTS)
    if not save:
        raise ValueError(f"save= is empty. Choose from: {', '.join(OUTPUTS)}.")


def check_branches(save: Collection[str], network: Segmentor) -> None:
    """Refuse kinds that show a branch which the classifier does not have.

    Args:
        save: Keys of ``OUTPUTS``.
        network: Network on the CPU, in evaluation mode.

    Raises:
        ValueError: If there is one.
    """
    shown = [name for name in save if OUTPUTS[name].also == COARSE]
    if shown and not _adapts(network):
        left = ",".join(name for name in save if name not in shown) or "labels"
        raise ValueError(
            f"save={','.join(shown)} needs the scores before adaptation, and "
            f"{type(network.classifier).__name__} does not adapt to images; use save=[{left}]"
        )


@torch.no_grad()
def _adapts(network: Segmentor) -> bool:
    """Whether the classifier has coarse scores, which only its prediction says."""
    features = torch.zeros(1, network.generator.channels, 2, 2)
    return network.classifier(features).coarse is not None
