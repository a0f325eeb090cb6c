"""The mIoU of an exported file and of its network."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from segadapt.deployment.export.parity import Runner, as_taken, reference
from segadapt.deployment.export.trial_images import Labelled, planes
from segadapt.evaluation.metrics.confusion_matrix import count, scores
from segadapt.segmentor import Segmentor

Size = tuple[int, int]
Segment = Callable[[np.ndarray], np.ndarray]
"""A function from one image, channels first, to the classes of its pixels."""


class Accuracy(NamedTuple):
    """MIoU of two networks on the same images, each in one pass over the whole image."""

    network: float
    """mIoU of the trained network in single precision."""
    file: float
    images: int

    def stored(self) -> dict[str, Any]:
        """The part that is stored in the file."""
        return self._asdict()


def accuracy_of(
    run: Runner,
    network: Segmentor,
    samples: Iterable[Labelled],
    classes: int,
    taken: str,
    size: Size | None,
) -> Accuracy:
    """Measure a file and its network on labelled images.

    Labels are compared at the size of their own image.

    Args:
        run: Runs the file.
        network: The trained network, for normalised images.
        samples: Images with their classes; one or more.
        classes: Number of classes.
        taken: Key of ``INPUTS``.
        size: Rows and columns that images are resized to; None: they stay as they are.
    """
    expected = reference(network)
    segments: Sequence[Segment] = (
        lambda image: expected(image).argmax(1)[0],
        lambda image: _labels(run(as_taken(image, taken)))[0],
    )
    confusion = torch.zeros(len(segments), classes, classes, dtype=torch.int64)
    images = 0
    for images, sample in enumerate(samples, start=1):  # noqa: B007 # counted
        confusion += torch.stack([_counted(segment, sample, classes, size) for segment in segments])
    original, exported = (scores(matrix).miou for matrix in confusion)
    return Accuracy(original, exported, images)


def _labels(answer: np.ndarray) -> np.ndarray:
    """The classes from the answer of a file, for any kind of output."""
    return answer if answer.ndim == 3 else answer.argmax(1)


def _counted(segment: Segment, sample: Labelled, classes: int, size: Size | None) -> Tensor:
    """Pixels of an image by label and prediction."""
    prediction = segment(planes(sample.pixels, size)).astype(np.uint16)
    rows, columns = sample.mask.shape
    at_own_size = cv2.resize(prediction, (columns, rows), interpolation=cv2.INTER_NEAREST)
    labels = torch.from_numpy(at_own_size).long()[None]
    return count(labels, torch.from_numpy(sample.mask)[None], classes)
