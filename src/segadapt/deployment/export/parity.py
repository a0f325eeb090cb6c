"""Comparison of an exported file with its network."""

import sys
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from segadapt.deployment.export.form import Limits
from segadapt.deployment.prediction.pixel_input import with_pixel_input
from segadapt.evaluation.inference.methods import whole
from segadapt.segmentor import Segmentor

Runner = Callable[[np.ndarray], np.ndarray]
"""A function from images in the file's input type to its output."""


class Parity(NamedTuple):
    """Distance between a file and its network."""

    difference: float | None
    """Largest difference of scores or probabilities; None for a file with labels only."""
    equal: float
    """Share of pixels with the same label."""
    passes: int
    sizes: list[list[int]]
    """Rows and columns that were tried."""

    def within(self, limits: Limits) -> bool:
        """Whether the file is near enough to the network; not a number is not."""
        farthest = sys.float_info.max if limits.farthest is None else limits.farthest
        near = self.difference is None or self.difference <= farthest
        return near and self.equal >= limits.equal

    def __str__(self) -> str:
        sizes = " and ".join(f"{rows}x{columns}" for rows, columns in self.sizes)
        labels = f"{100 * self.equal:.3f} % of the labels are equal"
        if self.difference is None:
            return f"{self.passes} passes at {sizes}: {labels}"
        return f"{self.passes} passes at {sizes}: scores differ by {self.difference:.2g}, {labels}"

    def stored(self) -> dict[str, Any]:
        """The part that is stored in the file."""
        return self._asdict()


@torch.no_grad()
def measured(
    run: Runner, network: Segmentor, images: Iterable[np.ndarray], taken: str, output: str
) -> Parity:
    """Pass images through a file and through the network, as ``segadapt predict`` does.

    Args:
        run: Runs the file.
        network: The trained network, for normalised images.
        images: Batches of 8-bit images.
        taken: Key of ``INPUTS``.
        output: Key of ``OUTPUTS``.
    """
    network_scores = reference(network)
    farthest, equal, pixels, sizes = 0.0, 0, 0, set()
    passes = 0
    for image in images:
        answer = _answered(run, as_taken(image, taken))
        expected = network_scores(image)
        labels = expected.argmax(1)
        if output == "labels":
            predicted = answer
        else:
            predicted = answer.argmax(1)
            true = expected if output == "scores" else torch.from_numpy(expected).softmax(1).numpy()
            farthest = float(np.maximum(farthest, np.abs(answer - true).max()))  # NaN stays
        equal += int((predicted == labels).sum())
        pixels += labels.size
        passes += 1
        sizes.add(image.shape[2:])
    difference = None if output == "labels" else farthest
    return Parity(difference, equal / pixels, passes, sorted(list(size) for size in sizes))


def _answered(run: Runner, image: np.ndarray) -> np.ndarray:
    try:
        return run(image)
    except Exception as error:  # of whatever runs the file
        size = "x".join(map(str, image.shape[2:]))
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"the file was not kept, because it fails on an image of {size} "
            f"({type(error).__name__}: {reason}); pass size=[ROWS,COLUMNS] to export it for one "
            "size"
        ) from error


def reference(network: Segmentor) -> Runner:
    """The scores of the network itself, of 8-bit images.

    Args:
        network: The trained network, for normalised images.
    """
    pixel_network = with_pixel_input(network)

    def score(pixels: Tensor) -> Tensor:
        return pixel_network(pixels).student.logits

    @torch.no_grad()
    def run(image: np.ndarray) -> np.ndarray:
        return whole(score, torch.from_numpy(image), (image.shape[2], image.shape[3])).numpy()

    return run


def as_taken(image: np.ndarray, taken: str) -> np.ndarray:
    """An 8-bit image as a file takes it.

    Args:
        image: Batch of images.
        taken: Key of ``INPUTS``.
    """
    return image if taken == "uint8" else image.astype(np.float32) / np.float32(255)
