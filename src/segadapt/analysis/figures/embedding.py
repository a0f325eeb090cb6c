"""Pixel features and prototypes in the plane (CAC Figs. 1 and 7, SSA Fig. 1)."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import matplotlib as mpl
import numpy as np
from jaxtyping import Float, Int, UInt8
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from sklearn.manifold import TSNE

from segadapt.analysis.figures.image_prototypes import ImagePrototypes
from segadapt.analysis.figures.legends import class_patches
from segadapt.analysis.figures.optional_packages import require_package
from segadapt.analysis.style import STYLE, WIDTH, legend_below

PIXEL, FIXED, ADAPTED = 0, 1, 2
"""Kinds of points."""

SHAPES: Final = {
    FIXED: ("*", 90, 0.5, "fixed prototype"),
    ADAPTED: ("^", 22, 0.5, "adapted prototype"),
    PIXEL: ("o", 6, 0.15, "pixel"),
}
"""Marker, its area in square points, the width of its rim, and its name."""

SHOWN: Final = 8
"""Classes at most: more colours than these are hard to tell apart as dots."""


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


def frequent(found: Sequence[ImagePrototypes], number: int = SHOWN) -> list[int]:
    """The classes that the most images show, in order of their numbers."""
    images = np.sum([one.present.numpy() for one in found], axis=0)
    order = [int(k) for k in np.argsort(-images, kind="stable") if images[k]]
    return sorted(order[:number])


def gather(
    found: Sequence[ImagePrototypes], classes: Sequence[int], per_class: int = 60, seed: int = 0
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
    require_package("umap")
    from umap import UMAP

    neighbors = min(neighbors, len(points.vectors) - 1)
    method = UMAP(n_neighbors=neighbors, random_state=seed, n_jobs=1)
    return np.asarray(method.fit_transform(points.vectors))


@mpl.rc_context(dict(STYLE))
def embedding_figure(
    points: Points,
    plane: Float[np.ndarray, "p 2"],
    classes: Sequence[str],
    colors: UInt8[np.ndarray, "k 3"],
    method: str = "t-SNE",
) -> Figure:
    """Pixels as dots, prototypes as stars and triangles, each in the colour of its class.

    Args:
        points: What is shown.
        plane: Their places.
        classes: Names in order.
        colors: Those that the classes have in all pictures of the data set, RGB.
        method: What placed them.
    """
    figure = Figure(figsize=(WIDTH, 2.9), layout="constrained")
    axes = figure.subplots()
    for kind, (marker, area, edge, _) in reversed(SHAPES.items()):  # the stars on top
        for k in np.unique(points.classes).tolist():
            there = plane[(points.classes == k) & (points.kinds == kind)]
            style: dict[str, Any] = {"marker": marker, "s": area, "linewidths": edge}
            color = tuple(colors[k] / 255)
            axes.scatter(*there.T, color=color, edgecolors="black", zorder=2 + (kind > 0), **style)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    note = f"{method}: nearby points are alike; distances between groups have no meaning"
    legend_below(figure, note, 3, _handles(points, classes, colors))
    return figure


def _handles(
    points: Points, classes: Sequence[str], colors: UInt8[np.ndarray, "k 3"]
) -> list[Artist]:
    """The shapes that occur, in grey, and the classes."""
    shapes: list[Artist] = [
        Line2D([], [], marker=marker, linestyle="none", color="0.4", label=name)
        for kind, (marker, _, _, name) in SHAPES.items()
        if (points.kinds == kind).any()
    ]
    return [*shapes, *class_patches(np.unique(points.classes).tolist(), classes, colors)]
