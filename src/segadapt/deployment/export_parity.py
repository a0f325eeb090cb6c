"""Whether an exported file says what its network says."""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from segadapt.deployment.pixel_input import with_pixel_input
from segadapt.evaluation.inference.methods import whole
from segadapt.segmentor import Segmentor

FARTHEST: Final = 1e-3
"""Difference of scores above which a file is not kept."""

EQUAL: Final = 0.999
"""Share of equal labels below which a file is not kept."""

Runner = Callable[[np.ndarray], np.ndarray]
"""Images as the file takes them to what it gives."""


class Parity(NamedTuple):
    """How far a file is from its network."""

    difference: float | None
    """Largest difference of scores or probabilities; None for a file that gives labels alone."""
    equal: float
    """Share of pixels with the same label."""
    passes: int
    sizes: list[list[int]]
    """Rows and columns that were tried."""

    @property
    def holds(self) -> bool:
        """Whether the file is as good as the network; not a number is not."""
        near = self.difference is None or self.difference <= FARTHEST
        return near and self.equal >= EQUAL

    def __str__(self) -> str:
        sizes = " and ".join(f"{rows}x{columns}" for rows, columns in self.sizes)
        labels = f"{100 * self.equal:.3f} % of the labels are equal"
        if self.difference is None:
            return f"{self.passes} passes at {sizes}: {labels}"
        return f"{self.passes} passes at {sizes}: scores differ by {self.difference:.2g}, {labels}"

    def stored(self) -> dict[str, Any]:
        """What the file keeps of it."""
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
    pixel_network = with_pixel_input(network)
    farthest, equal, pixels, sizes = 0.0, 0, 0, set()
    passes = 0
    for image in images:
        given = image if taken == "uint8" else image.astype(np.float32) / np.float32(255)
        answer = _answered(run, given)
        expected = _scores(pixel_network, image)
        labels = expected.argmax(1)
        if output == "labels":
            found = answer
        else:
            found = answer.argmax(1)
            true = expected if output == "scores" else torch.from_numpy(expected).softmax(1).numpy()
            farthest = float(np.maximum(farthest, np.abs(answer - true).max()))  # NaN stays
        equal += int((found == labels).sum())
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
            f"({type(error).__name__}: {reason}); give size=[ROWS,COLUMNS] to export it for one "
            "size"
        ) from error


def _scores(network: Segmentor, image: np.ndarray) -> np.ndarray:
    def score(pixels: Tensor) -> Tensor:
        return network(pixels).student.logits

    return whole(score, torch.from_numpy(image), (image.shape[2], image.shape[3])).numpy()
