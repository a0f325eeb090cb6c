"""Maps of the evidence for a class in the features, by Grad-CAM (SSA Fig. 4).

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
Localization", ICCV 2017. Needs the package grad-cam (the extra ``figures``).
"""

import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cv2
import matplotlib as mpl
import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from segadapt.analysis.figures.optional_packages import require_package
from segadapt.analysis.figures.selection import check_same_images
from segadapt.analysis.style import LINE, STYLE, WIDTH, tight
from segadapt.data.drawing import Picture, shown
from segadapt.evaluation.trained import Trained
from segadapt.segmentor import Segmentor
from segadapt.structures import Sample


class ActivationRow(NamedTuple):
    """One image and one of its classes: its labelled pixels, and the map of each network."""

    image: Picture
    category: int
    labelled: Bool[np.ndarray, "H W"]
    maps: dict[str, Float[np.ndarray, "H W"]]
    """Map of each network, from 0 to 1 at its maximum in the image."""


class StudentScores(nn.Module):
    """Scores of the student, whose features pass through a module of their own for hooks."""

    def __init__(self, model: Segmentor) -> None:
        super().__init__()
        self.generator, self.classifier = model.generator, model.classifier
        self.features = nn.Identity()

    def forward(self, image: Float[Tensor, "b c H W"]) -> Float[Tensor, "b k h w"]:
        return self.classifier(self.features(self.generator(image).pixels)).student.logits


def activation_map(model: Segmentor, sample: Sample, category: int) -> Float[np.ndarray, "H W"]:
    """The channels of the features, weighted by their contribution to a class where it is labelled.

    The score is the student's, summed over the cells of the feature grid with that label; the
    features are those that the classifier receives. Evidence against the class is set to 0.

    Args:
        model: Network in evaluation mode, on the CPU.
        sample: The image.
        category: The class.

    Raises:
        ValueError: If grad-cam is not installed.
    """
    require_package("pytorch_grad_cam")
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import SemanticSegmentationTarget

    student = StudentScores(model)
    grid = model.generator(sample.image[None]).pixels.shape[-2:]
    labelled = (model.targets(sample.mask[None], grid)[0] == category).numpy()
    camera = GradCAM(student, [student.features])
    target = SemanticSegmentationTarget(category, labelled)
    activation = camera(sample.image[None], [target])[0]
    camera.activations_and_grads.release()
    model.zero_grad()
    height, width = sample.mask.shape
    return cv2.resize(activation, (width, height)).clip(0, 1)


def activation_rows(trained: Mapping[str, Trained], images: int = 4) -> list[ActivationRow]:
    """Maps for images evenly spaced over the validation set.

    The class is the largest one in the image that no earlier row shows, or else the largest.

    Raises:
        ValueError: If the networks were not validated on the same data, or grad-cam is missing.
    """
    check_same_images(trained)
    first = next(iter(trained.values()))
    rows: list[ActivationRow] = []
    for sample in first.samples(images):
        label = sample.mask.numpy()
        order = _by_area(label)
        if order:
            seen = {row.category for row in rows}
            category = next((k for k in order if k not in seen), order[0])
            maps = {
                name: activation_map(one.model, sample, category) for name, one in trained.items()
            }
            size = (label.shape[0], label.shape[1])
            image = shown(sample.image, size, first.dataset.statistics)
            rows.append(ActivationRow(image, category, label == category, maps))
    return rows


@mpl.rc_context(dict(STYLE))
def activation_figure(rows: Sequence[ActivationRow], classes: Sequence[str]) -> Figure:
    """One row per image: the image with its class outlined, then the map of each network."""
    titles = ["image", *rows[0].maps]
    side = WIDTH / len(titles)
    tallest = max(row.labelled.shape[0] / row.labelled.shape[1] for row in rows)
    height = (side * tallest + 0.14) * len(rows) + 0.7
    figure = Figure(figsize=(WIDTH, height), layout=tight())
    grid = figure.subplots(len(rows), len(titles), squeeze=False)
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title, fontsize=7)
    for line, row in zip(grid, rows, strict=True):
        line[0].imshow(row.image)
        line[0].set_xlabel(classes[row.category], fontsize=6, labelpad=1)
        for axes, heat in zip(line[1:], row.maps.values(), strict=True):
            drawn = axes.imshow(heat, cmap="magma", vmin=0, vmax=1)
        for axes in line:
            _outline(axes, row.labelled)
    note = "outlined: where the class is labelled; brightness: evidence for it in the features"
    bar = figure.colorbar(drawn, ax=grid, location="bottom", shrink=0.7, aspect=30)
    note += " (Grad-CAM; 1: its maximum in the image)"
    bar.set_label(textwrap.fill(note, LINE), fontsize=6)
    return figure


def _by_area(label: np.ndarray) -> list[int]:
    """The classes of a label map, the largest first."""
    classes, areas = np.unique(label[label != np.iinfo(label.dtype).max], return_counts=True)
    return [int(k) for k in classes[np.argsort(-areas, kind="stable")]]


def _outline(axes: Axes, labelled: Bool[np.ndarray, "H W"]) -> None:
    axes.contour(labelled, levels=[0.5], colors="white", linewidths=0.6)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
