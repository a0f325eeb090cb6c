"""The boundary pixels of the response loss, by edge size (SSA Sec. 3.3, Table 8)."""

from collections.abc import Sequence
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from jaxtyping import Bool, Int, UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from segadapt.analysis.figures.legends import class_patches
from segadapt.analysis.style import STYLE, WIDTH, legend_below, tight
from segadapt.data.drawing import occurring, painted
from segadapt.functional.boundary import EDGES, boundary_band
from segadapt.structures import NARROW

EDGE_SIZES = (3, 4, 5)
"""Edge sizes of SSA Table 8, in cells of the feature grid."""


class Rule(NamedTuple):
    """Settings by which boundaries are found."""

    edges: str = "canny"
    """``canny`` or ``change``."""
    border: int = 6
    """Width of the frame in which boundaries do not count, in cells (release: 6; paper: 0)."""


def finding(config: DictConfig) -> Rule:
    """The rule of a training's response loss, or that of the release if it has no boundary."""
    term = OmegaConf.select(config, "loss.terms.response") or {}
    edges = term.get("boundary", "none")
    return Rule() if edges == "none" else Rule(edges, term.get("border", Rule().border))


def boundary_masks(
    target: Int[Tensor, "h w"],
    sizes: Sequence[int] = EDGE_SIZES,
    edges: str = "canny",
    border: int = 6,
    num_classes: int = NARROW,
) -> Bool[np.ndarray, "s h w"]:
    """The boundary of a label map for each width, as computed by the loss.

    Args:
        target: Labels on the feature grid.
        sizes: Widths of the boundary, cells.
        edges: ``canny`` or ``change``.
        border: Width of the frame in which boundaries do not count, in cells (release: 6; paper:
            0).
        num_classes: Number of classes.
    """
    edge_map = EDGES[edges](target[None], num_classes)
    return np.stack([boundary_band(edge_map, size, border)[0].numpy() for size in sizes])


@mpl.rc_context(dict(STYLE))
def boundaries_figure(
    targets: Sequence[Int[Tensor, "h w"]],
    classes: Sequence[str],
    colors: UInt8[np.ndarray, "k 3"],
    sizes: Sequence[int] = EDGE_SIZES,
    edges: str = "canny",
    border: int = 6,
) -> Figure:
    """Labels, and for each width only those of the boundary, with its fraction of the cells.

    A dotted frame surrounds the cells in which edges count, before they are widened.
    """
    columns = 1 + len(sizes)
    side = WIDTH / columns
    tallest = max(target.shape[0] / target.shape[1] for target in targets)
    height = (side * tallest + 0.16) * len(targets) + 0.2
    figure = Figure(figsize=(WIDTH, height), layout=tight())
    grid = figure.subplots(len(targets), columns, squeeze=False)
    titles = ["label", *(f"boundary, size {size}" for size in sizes)]
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title, fontsize=7)
    for line, target in zip(grid, targets, strict=True):
        picture = painted(target.numpy(), colors)
        line[0].imshow(picture, interpolation="nearest")
        masks = boundary_masks(target, sizes, edges, border, len(classes))
        for axes, mask in zip(line[1:], masks, strict=True):
            white = np.full_like(picture, 255)
            axes.imshow(np.where(mask[..., None], picture, white), interpolation="nearest")
            axes.set_xlabel(f"{100 * mask.mean():.0f} % of the cells", fontsize=6, labelpad=1)
            _frame(axes, mask.shape, border)
        for axes in line:
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set(visible=True, color="0.7")
    note = f"white: no boundary{'; edges outside the dotted square do not count' if border else ''}"
    shown = occurring([target.numpy() for target in targets])
    patches = class_patches(shown, classes, colors)
    legend_below(figure, note, 3, patches)
    return figure


def _frame(axes: Axes, shape: tuple[int, ...], border: int) -> None:
    height, width = (side - 2 * border for side in shape)
    if border and height > 0 and width > 0:
        corner = (border - 0.5, border - 0.5)
        axes.add_patch(Rectangle(corner, width, height, fill=False, ec="0.6", ls=":", lw=0.6))
