"""Legends for the colours of label maps."""

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import UInt8
from matplotlib.patches import Patch

from segadapt.data.palette import ignored_color


def class_patches(
    labels: Iterable[int], classes: Sequence[str], colors: UInt8[np.ndarray, "k 3"]
) -> list[Patch]:
    """Legend entries for classes and ignored pixels.

    Args:
        labels: All labels that a figure shows, in labels and in predictions.
        classes: Class names in order.
        colors: Their colours, RGB.
    """
    entries = [
        (colors[label], classes[label])
        if label < len(classes)
        else (ignored_color(colors), "ignored")
        for label in labels
    ]
    return [
        Patch(facecolor=tuple(np.array(color) / 255), edgecolor="black", linewidth=0.3, label=name)
        for color, name in entries
    ]
