"""Similarity of the prototypes of different classes (SSA Fig. 3)."""

import textwrap
from collections.abc import Sequence
from typing import Final

import matplotlib as mpl
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from segadapt.analysis.figures.image_prototypes import ImagePrototypes
from segadapt.analysis.style import LINE, STYLE, WIDTH

NAMED: Final = 24
"""Largest number of classes whose names a map shows."""


def class_similarity(
    prototypes: Float[Tensor, "b k d"], present: Bool[Tensor, "b k"]
) -> Float[np.ndarray, "k k"]:
    """Cosines of the prototypes of two classes, averaged over the images that show both.

    NaN for two classes that no image shows together.

    Args:
        prototypes: Prototypes of each image.
        present: Classes that each image shows.
    """
    units = F.normalize(prototypes.double(), dim=2)
    both = (present[:, :, None] & present[:, None]).double()
    total = (units @ units.mT * both).sum(0)
    return (total / both.sum(0)).numpy()  # 0 / 0 is NaN


def similarities(images: Sequence[ImagePrototypes]) -> dict[str, Float[np.ndarray, "k k"]]:
    """Similarities of the semantic prototypes of student and teacher, if they exist."""
    present = torch.stack([image.present for image in images])
    branches = {
        "student": [image.student_semantic for image in images],
        "teacher": [image.teacher_semantic for image in images],
    }
    kept = {name: [p for p in each if p is not None] for name, each in branches.items()}
    return {name: class_similarity(torch.stack(p), present) for name, p in kept.items() if p}


def between_classes(matrix: Float[np.ndarray, "k k"]) -> float:
    """Mean over the pairs of different classes."""
    apart = matrix[~np.eye(len(matrix), dtype=bool)]
    return float(np.nanmean(apart)) if not np.isnan(apart).all() else float("nan")


@mpl.rc_context(dict(STYLE))
def similarity_figure(
    matrices: dict[str, Float[np.ndarray, "k k"]], classes: Sequence[str]
) -> Figure:
    """One map per branch on a common scale, with the mean over pairs of different classes."""
    side = WIDTH / len(matrices) - 0.25
    names = 0.05 * max(map(len, classes)) if len(classes) <= NAMED else 0.0
    figure = Figure(figsize=(WIDTH, side + 1.1 + names), layout="constrained")
    row = figure.subplots(1, len(matrices), squeeze=False, sharey=True)[0]
    lowest = min(float(np.nanmin(matrix)) for matrix in matrices.values())
    for axes, (name, matrix) in zip(row, matrices.items(), strict=True):
        drawn = axes.imshow(np.ma.masked_invalid(matrix), cmap=_colormap(), vmin=lowest, vmax=1)
        axes.set_title(f"{name}, mean {between_classes(matrix):.2f}", fontsize=7)
        _name(axes, classes)
    unseen = any(np.isnan(matrix).any() for matrix in matrices.values())
    figure.colorbar(drawn, ax=list(row), location="bottom", shrink=0.7, aspect=30)
    label = "cosine of the semantic prototypes of two classes, averaged over images with both"
    label += " (grey: no such image)" if unseen else ""
    label += "; above: the mean over pairs of different classes"
    figure.supxlabel(textwrap.fill(label, LINE), fontsize=6)
    return figure


def _colormap() -> mpl.colors.Colormap:
    return mpl.colormaps["cividis"].with_extremes(bad="0.85")


def _name(axes: Axes, classes: Sequence[str]) -> None:
    """Label the axes with class names, if they fit."""
    if len(classes) > NAMED:
        axes.set(xticks=[], yticks=[])
        return
    axes.set_xticks(range(len(classes)), classes, rotation=90, fontsize=6)
    axes.set_yticks(range(len(classes)), classes, fontsize=6)
