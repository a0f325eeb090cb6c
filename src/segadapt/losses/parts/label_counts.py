"""Counts of labels in a batch, which the losses need before they read scores."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Final

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float64, Int, Int32, Integer
from torch import Tensor

from segadapt.functional.resize import shrink
from segadapt.losses.parts.workspace import workspace
from segadapt.structures import ignored_label

AT_ONCE: Final = 2**18
"""Number of pixels counted at once."""

Counts = dict[tuple[int, int, int], tuple[Tensor, Tensor]]
"""Counts by identity of the labels, number of classes and ignored label; the labels are stored too,
so that their identity is not reused."""

_counts: Final[ContextVar[Counts | None]] = ContextVar("_counts", default=None)

BINS: Final = 2**12
"""Largest number of histogram bins when several labels are counted as one number; they fit into the
first-level cache."""


@contextmanager
def counted_once() -> Iterator[None]:
    """A context in which the same labels are counted only once; they must not change."""
    token = _counts.set({})
    try:
        yield
    finally:
        _counts.reset(token)


def labels_per_image(
    mask: Integer[Tensor, "b H W"], num_classes: int, ignore: int | None = None
) -> Int[Tensor, "b k"]:
    """Pixels of each class in each image.

    Args:
        mask: Labels.
        num_classes: Number of classes k.
        ignore: The ignored label; None for the default of the number of classes.

    Raises:
        ValueError: If a label is neither a class nor ``ignore``. Checked on the CPU only: on a GPU
            the host would have to wait, and the data workers have already checked every label.
            There such a label counts as ignored.
    """
    ignore = ignore_or_default(ignore, num_classes)
    count = _on_cpu if mask.device.type == "cpu" else _elsewhere
    if (counts := _counts.get()) is None:
        return count(mask, num_classes, ignore)
    key = (id(mask), num_classes, ignore)
    if key not in counts:
        counts[key] = (mask, count(mask, num_classes, ignore))
    return counts[key][1]


def _elsewhere(mask: Integer[Tensor, "b H W"], num_classes: int, ignore: int) -> Int[Tensor, "b k"]:
    """Count without waiting for the device."""
    labels = mask.long()
    counted = (labels >= 0) & (labels < num_classes) & (labels != ignore)
    column = labels.where(counted, num_classes)  # else they might count for the next image
    images = torch.arange(len(mask), device=mask.device)[:, None, None]
    place = (column + images * (num_classes + 1)).flatten()
    counts = torch.zeros(len(mask) * (num_classes + 1), dtype=torch.long, device=mask.device)
    counts.index_add_(0, place, torch.ones_like(place))  # integers are exact in any order
    return counts.view(len(mask), -1)[:, :num_classes]


def _on_cpu(labels: Integer[Tensor, "b H W"], num_classes: int, ignore: int) -> Int[Tensor, "b k"]:
    """Count by histograms, which are several times as fast and reveal invalid labels."""
    if not labels.numel():
        return torch.zeros(len(labels), num_classes, dtype=torch.long)
    step = max(1, AT_ONCE // (labels.numel() // len(labels)))
    parts = [
        _histograms(_columns(part, num_classes, ignore), num_classes + 1)
        for part in (labels.split(step) if len(labels) > step else [labels])
    ]
    counts = torch.cat(parts) if len(parts) > 1 else parts[0]
    if 0 <= ignore < num_classes:
        counts[:, ignore] = 0
    return counts[:, :num_classes]


def _columns(
    labels: Integer[Tensor, "b H W"], num_classes: int, ignore: int
) -> Int32[Tensor, "b H W"]:
    """Labels as numbers from 0; ignored ones that are not a class become the class count."""
    smallest, largest = _checked(labels, num_classes, ignore)
    rooms = workspace(torch.int32, labels.device)
    columns = rooms.room("labels", *labels.shape).copy_(labels)
    if smallest < 0 or largest >= num_classes:  # ignored labels, behind which invalid ones may hide
        # As integers, because Booleans are not vectorised.
        ignored = torch.eq(columns, ignore, out=rooms.room("ignored", *labels.shape))
        _checked(columns.add_(ignored, alpha=-ignore), num_classes, ignore)
        columns.add_(ignored, alpha=num_classes)
    return columns


def _histograms(columns: Int32[Tensor, "b H W"], bins: int) -> Int[Tensor, "b bins"]:
    """Histogram of each image; several pixels are counted as one number at the cost of one."""
    images, pixels = len(columns), columns.numel() // len(columns)
    together = _together(pixels, bins)
    parts = columns.view(images, together, -1).unbind(1)
    places = workspace(torch.int32, columns.device).room("places", images, pixels // together)
    offsets = torch.arange(0, images * bins**together, bins**together, dtype=torch.int32)
    torch.add(parts[0], offsets[:, None], out=places)
    for number, part in enumerate(parts[1:], 1):
        places.add_(part, alpha=bins**number)
    counts = torch.bincount(places.view(-1), minlength=images * bins**together).view(images, -1)
    if together == 1:
        return counts
    return (counts.double() @ _occurrences(bins, together)).long()  # integers: exact in doubles


@lru_cache(maxsize=8)
def _occurrences(bins: int, together: int) -> Float64[Tensor, "joint bins"]:
    """Count of each number among those that one number stands for."""
    with torch.inference_mode(False):
        joint = torch.arange(bins**together)[:, None]
        digits = joint // bins ** torch.arange(together) % bins
        return F.one_hot(digits, bins).sum(1).double()


def _together(pixels: int, bins: int) -> int:
    """Number of pixels to count as one number, which must divide the number of all pixels."""
    return next((n for n in (4, 2) if pixels % n == 0 and bins**n <= BINS), 1)


def ignore_or_default(ignore: int | None, num_classes: int) -> int:
    """The ignored label: the given one, or the default of the number of classes."""
    return ignored_label(num_classes) if ignore is None else ignore


def unlabelled(
    mask: Integer[Tensor, "b H W"], grid: Sequence[int], cell_label: str, num_classes: int
) -> Bool[Tensor, "b"]:
    """Images without labelled pixels, for which a teacher has no more information than a student.

    Args:
        mask: Labels.
        grid: Rows and columns of the feature grid, where teachers see the labels.
        cell_label: Rule for the label of a cell: a key of ``functional.resize.CELL_LABELS``.
        num_classes: Number of classes.
    """
    ignored = ignored_label(num_classes)
    return (shrink(mask, grid, cell_label) == ignored).flatten(1).all(1)


def check_ignore(ignore: int | None) -> None:
    """Check the ignored label; strips of labels hold single-precision numbers.

    Raises:
        ValueError: If it is not exact in single precision.
    """
    if ignore is not None and abs(ignore) > 2**24:
        raise ValueError(f"ignore is {ignore}; choose a label from {-(2**24)} to {2**24}")


def _checked(labels: Integer[Tensor, "b H W"], num_classes: int, ignore: int) -> tuple[int, int]:
    """The smallest and the largest label, after checking both."""
    smallest, largest = (int(extreme) for extreme in labels.aminmax())
    for label in (smallest, largest):
        if label != ignore and not 0 <= label < num_classes:
            raise ValueError(
                f"the labels hold {label}, but there are {num_classes} classes "
                f"(0 to {num_classes - 1}, and {ignore} for pixels to ignore); correct "
                "data.num_classes or the label files"
            )
    return smallest, largest
