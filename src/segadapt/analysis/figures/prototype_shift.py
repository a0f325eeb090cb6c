"""Angles by which each image moves the prototypes."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import matplotlib as mpl
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from matplotlib.figure import Figure
from torch import Tensor

from segadapt.analysis.figures.image_prototypes import ImagePrototypes
from segadapt.analysis.style import STYLE, WIDTH, legend_below

ROWS: Final = 40
"""Largest number of classes in the figure."""


class Shift(NamedTuple):
    """Angles in degrees; NaN if an image does not show the class."""

    from_fixed: Float[np.ndarray, "b k"]
    """Angle between an image's prototype and the fixed one."""
    from_mean: Float[np.ndarray, "b k"]
    """Angle between an image's prototype and the mean direction over all images.

    This is the part of the shift that differs between images; a common shift could be learned by
    weights without adaptation.
    """


def shift(
    adapted: Float[Tensor, "b k d"], fixed: Float[Tensor, "k d"], present: Bool[Tensor, "b k"]
) -> Shift:
    """Compute angles; a class counts in the images that show it.

    Args:
        adapted: Prototypes of each image.
        fixed: Prototypes that are the same in every image.
        present: Classes that each image shows.
    """
    units = F.normalize(adapted.double(), dim=2)
    mean = F.normalize((units * present[..., None]).sum(0), dim=1)
    reference = F.normalize(fixed.double(), dim=1)
    angles = [_angle(units, direction).where(present, np.nan) for direction in (reference, mean)]
    return Shift(*(angle.numpy() for angle in angles))


def prototype_shift(images: Sequence[ImagePrototypes]) -> Shift | None:
    """The shift of the student's prototypes; None for a classifier that does not adapt."""
    adapted = [image.student for image in images if image.student is not None]
    if not adapted:
        return None
    present = torch.stack([image.present for image in images])
    return shift(torch.stack(adapted), images[0].fixed, present)


@mpl.rc_context(dict(STYLE))
def shift_figure(measured: Shift, classes: Sequence[str]) -> Figure:
    """A mark per image and class, with the classes of the largest shift on top."""
    seen = np.flatnonzero(~np.isnan(measured.from_fixed).all(0))
    order = seen[np.argsort(np.nanmedian(measured.from_mean[:, seen], axis=0))][-ROWS:]
    figure = Figure(figsize=(WIDTH, 0.6 + 0.16 * len(order)), layout="constrained")
    axes = figure.subplots()
    for angles, height, color, marker, label in (
        (measured.from_fixed, 0.15, "0.6", "o", "to the fixed prototype"),
        (measured.from_mean, -0.15, "black", "^", "to the mean of all images' prototypes"),
    ):
        for row, k in enumerate(order):
            values = angles[:, k][~np.isnan(angles[:, k])]
            name = label if row == 0 else None
            style: dict[str, Any] = {
                "color": color,
                "marker": marker,
                "alpha": 0.5,
                "linewidths": 0,
            }
            axes.scatter(values, np.full(len(values), row + height), s=8, label=name, **style)
    axes.set_yticks(range(len(order)), [classes[k] for k in order])
    axes.tick_params(axis="y", length=0, labelsize=6 if len(order) > 20 else 7)
    axes.set_xlabel("angle of an image's prototype (degrees)")
    axes.set_xlim(left=0)
    axes.grid(axis="x", alpha=0.3, linewidth=0.5)
    some = f", the {ROWS} of {len(seen)} with the largest median" if len(seen) > ROWS else ""
    legend_below(figure, f"a mark for each image that shows the class{some}; angle")
    return figure


def _angle(units: Float[Tensor, "b k d"], direction: Float[Tensor, "k d"]) -> Float[Tensor, "b k"]:
    """Angle in degrees, computed from the chord, which is exact for small angles, unlike arccos."""
    chord = (units - direction).norm(dim=2)
    return torch.rad2deg(2 * torch.asin((chord / 2).clamp(max=1)))
