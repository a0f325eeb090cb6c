"""Pixel features and prototypes in the plane (CAC Figs. 1 and 7, SSA Fig. 1)."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import matplotlib as mpl
import numpy as np
from jaxtyping import Bool, Float, Int
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from sklearn.manifold import TSNE

from segadapt.comparing.style import STYLE, WIDTH
from segadapt.figures.extras import needed
from segadapt.figures.looks import Look
from segadapt.palette import OKABE_ITO

PIXEL, FIXED, ADAPTED = 0, 1, 2
"""Kinds of points."""

SHAPES: Final = {FIXED: ("*", 90, "fixed prototype"), ADAPTED: ("^", 22, "adapted prototype")}
"""Marker, its area in square points, and its name."""

Color = tuple[float, float, float]

COLORS: Final[list[Color]] = [(r / 255, g / 255, b / 255) for r, g, b in OKABE_ITO]


class Points(NamedTuple):
    """What is embedded: unit vectors, so that distances are those of cosines."""

    vectors: Float[np.ndarray, "p d"]
    classes: Int[np.ndarray, "p"]
    kinds: Int[np.ndarray, "p"]


def balanced(
    labels: Int[np.ndarray, "n"], classes: Sequence[int], per_class: int, seed: int
) -> Int[np.ndarray, "m"]:
    """Places of equally many pixels of each class, or all of a class that has fewer.

    Args:
        labels: A class for each pixel.
        classes: Which classes to draw from.
        per_class: How many of each, at most.
        seed: Of the draw.
    """
    generator = np.random.default_rng(seed)
    places = [np.flatnonzero(labels == k) for k in classes]
    drawn = [generator.permutation(found)[:per_class] for found in places]
    return np.sort(np.concatenate(drawn))


def frequent(found: Sequence[Look], number: int = len(OKABE_ITO)) -> list[int]:
    """The classes that the most images show, in order of their numbers."""
    images = np.sum([one.present.numpy() for one in found], axis=0)
    order = [int(k) for k in np.argsort(-images, kind="stable") if images[k]]
    return sorted(order[:number])


def gather(
    found: Sequence[Look], classes: Sequence[int], per_class: int = 60, seed: int = 0
) -> Points:
    """Pixels of some images, the fixed prototypes, and the student's for each image they are in.

    Args:
        found: Images.
        classes: Classes to show.
        per_class: Pixels of each, over all images.
        seed: Of the sampling.
    """
    labels = np.concatenate([one.target.numpy() for one in found])
    rows = np.concatenate([one.rows.numpy() for one in found])
    chosen = balanced(labels, classes, per_class, seed)
    parts = [(rows[chosen], labels[chosen], PIXEL)]
    parts.append((found[0].fixed[list(classes)].numpy(), np.array(classes), FIXED))
    for one in found:
        if one.student is not None:
            there = [k for k in classes if one.present[k]]
            parts.append((one.student[there].numpy(), np.array(there, dtype=np.int64), ADAPTED))
    vectors = np.concatenate([vectors for vectors, _, _ in parts]).astype(np.float64)
    return Points(
        vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-12),
        np.concatenate([labels for _, labels, _ in parts]),
        np.concatenate([np.full(len(labels), kind) for _, labels, kind in parts]),
    )


def embed(points: Points, seed: int = 0, perplexity: float = 30.0) -> Float[np.ndarray, "p 2"]:
    """T-SNE keeps neighbours neighbours; distances between clusters mean nothing.

    Args:
        points: What to place.
        seed: Of t-SNE.
        perplexity: About how many neighbours a point has; less where there are few points.
    """
    perplexity = min(perplexity, (len(points.vectors) - 1) / 3)
    method = TSNE(perplexity=perplexity, init="pca", learning_rate="auto", random_state=seed)
    return method.fit_transform(points.vectors)


def embed_by_umap(points: Points, seed: int = 0, neighbors: int = 15) -> Float[np.ndarray, "p 2"]:
    """UMAP; as with t-SNE, distances between clusters mean nothing.

    Args:
        points: What to place.
        seed: Of the optimisation, which a seed keeps on one thread.
        neighbors: How many of a point's neighbours it is placed by; fewer where there are few.

    Raises:
        ValueError: If umap-learn is not installed.
    """
    needed("umap")
    from umap import UMAP

    neighbors = min(neighbors, len(points.vectors) - 1)
    method = UMAP(n_neighbors=neighbors, random_state=seed, n_jobs=1)
    return np.asarray(method.fit_transform(points.vectors))


@mpl.rc_context(dict(STYLE))
def embedding_figure(
    points: Points, plane: Float[np.ndarray, "p 2"], classes: Sequence[str]
) -> Figure:
    """Pixels as dots, prototypes as stars and triangles, each in the colour of its class."""
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    axes = figure.subplots()
    shown = np.unique(points.classes).tolist()
    colors = {k: COLORS[index] for index, k in enumerate(shown)}
    for k in shown:
        there = plane[(points.classes == k) & (points.kinds == PIXEL)]
        axes.scatter(there[:, 0], there[:, 1], s=5, color=colors[k], linewidths=0, alpha=0.6)
    for kind, (marker, area, _) in sorted(SHAPES.items(), reverse=True):  # the stars on top
        for k in shown:
            there = plane[(points.classes == k) & (points.kinds == kind)]
            style: dict[str, Any] = {
                "marker": marker,
                "s": area,
                "edgecolors": "black",
                "linewidths": 0.5,
            }
            axes.scatter(there[:, 0], there[:, 1], color=colors[k], zorder=3, **style)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    _legend(figure, {classes[k]: colors[k] for k in shown}, points.kinds == ADAPTED)
    return figure


def _legend(figure: Figure, colors: dict[str, Color], adapted: Bool[np.ndarray, "p"]) -> None:
    dots = [
        Line2D([], [], marker="o", linestyle="none", color=color, label=name)
        for name, color in colors.items()
    ]
    kinds = [kind for kind in SHAPES if kind == FIXED or adapted.any()]
    shapes = [
        Line2D([], [], marker=SHAPES[kind][0], linestyle="none", color="0.4", label=SHAPES[kind][2])
        for kind in kinds
    ]
    figure.legend(handles=[*shapes, *dots], loc="outside lower center", ncols=3)
