"""Panels of images, labels and the predictions of several networks (CAC Fig. 6)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import torch
from jaxtyping import Integer, UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segadapt.analysis.figures.legends import class_patches
from segadapt.analysis.figures.selection import check_same_images
from segadapt.analysis.style import STYLE, WIDTH, legend_below, tight
from segadapt.data.drawing import Picture, occurring, painted, shown
from segadapt.evaluation.inference.branches import branch_labels
from segadapt.evaluation.metrics.confusion_matrix import count, scores
from segadapt.evaluation.trained import Trained
from segadapt.structures import Sample


class PanelRow(NamedTuple):
    """One image, its label, and the prediction of each network."""

    image: Picture
    label: Integer[np.ndarray, "H W"]
    predictions: dict[str, Integer[np.ndarray, "H W"]]
    miou: dict[str, float]
    """MIoU of this image alone, as a fraction."""


def panel_rows(trained: Mapping[str, Trained], images: int = 4) -> list[PanelRow]:
    """Predictions of the students for images evenly spaced over the validation set.

    Args:
        trained: Networks by title, validated on the same data.
        images: Number of rows.

    Raises:
        ValueError: If they were not validated on the same data.
    """
    check_same_images(trained)
    first = next(iter(trained.values()))
    return [_row(trained, sample) for sample in first.samples(images)]


@mpl.rc_context(dict(STYLE))
def panels_figure(
    rows: Sequence[PanelRow], classes: Sequence[str], colors: UInt8[np.ndarray, "k 3"]
) -> Figure:
    """One row per image, with the mIoU of each prediction below it, and a legend at the end."""
    titles = ["image", "label", *rows[0].predictions]
    side = WIDTH / len(titles)
    tallest = max(row.label.shape[0] / row.label.shape[1] for row in rows)
    height = (side * tallest + 0.14) * len(rows) + 0.3
    figure = Figure(figsize=(WIDTH, height), layout=tight())
    grid = figure.subplots(len(rows), len(titles), squeeze=False)
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title, fontsize=7)
    for line, row in zip(grid, rows, strict=True):
        pictures = [row.image, painted(row.label, colors)]
        pictures += [painted(prediction, colors) for prediction in row.predictions.values()]
        for axes, picture in zip(line, pictures, strict=True):
            _show(axes, picture)
        for axes, name in zip(line[2:], row.predictions, strict=True):
            axes.set_xlabel(f"mIoU {100 * row.miou[name]:.0f} %", fontsize=6, labelpad=1)
    maps = [labels for row in rows for labels in (row.label, *row.predictions.values())]
    note = "mIoU of one image: over the classes labelled or predicted in it"
    legend_below(figure, note, 3, class_patches(occurring(maps), classes, colors))
    return figure


@torch.no_grad()
def _row(trained: Mapping[str, Trained], sample: Sample) -> PanelRow:
    size = (sample.mask.shape[0], sample.mask.shape[1])
    statistics = next(iter(trained.values())).dataset.statistics  # the samples are of the first
    predictions, miou = {}, {}
    for name, network in trained.items():
        maps = branch_labels(network.model, network.inference, sample.image[None], size)
        predictions[name] = maps["student"][0].numpy()
        counts = count(maps["student"], sample.mask[None], len(network.classes))
        miou[name] = scores(counts).miou
    picture = shown(sample.image, size, statistics)
    return PanelRow(picture, sample.mask.numpy(), predictions, miou)


def _show(axes: Axes, picture: Picture) -> None:
    axes.imshow(picture, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
