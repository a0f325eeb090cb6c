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
"""Marker, area in square points, rim width and name of each kind."""

SHOWN: Final = 8
"""Largest number of classes: dots in more colours are hard to distinguish."""


class Points(NamedTuple):
    """Points to embed: unit vectors, so that distances correspond to cosines."""

    vectors: Float[np.ndarray, "p d"]
    classes: Int[np.ndarray, "p"]
    kinds: Int[np.ndarray, "p"]


def balanced(
    labels: Int[np.ndarray, "n"], classes: Sequence[int], per_class: int, seed: int
) -> Int[np.ndarray, "m"]:
    """Indices of the same number of pixels of each class, or all of a smaller class.

    Args:
        labels: Class of each pixel.
        classes: Classes to draw from.
        per_class: Largest number of pixels per class.
        seed: Seed of the draw.
    """
    generator = np.random.default_rng(seed)
    places = [np.flatnonzero(labels == k) for k in classes]
    drawn = [generator.permutation(indices)[:per_class] for indices in places]
    return np.sort(np.concatenate(drawn))


def frequent(images: Sequence[ImagePrototypes], number: int = SHOWN) -> list[int]:
    """The classes that the most images show, in order of their numbers."""
    counts = np.sum([image.present.numpy() for image in images], axis=0)
    order = [int(k) for k in np.argsort(-counts, kind="stable") if counts[k]]
    return sorted(order[:number])


def gather(
    images: Sequence[ImagePrototypes], classes: Sequence[int], per_class: int = 60, seed: int = 0
) -> Points:
    """Pixels of some images, the fixed prototypes, and the student's prototypes of each image.

    Args:
        images: Images.
        classes: Classes to show.
        per_class: Number of pixels per class, over all images.
        seed: Seed of the sampling.
    """
    labels = np.concatenate([image.target.numpy() for image in images])
    rows = np.concatenate([image.rows.numpy() for image in images])
    chosen = balanced(labels, classes, per_class, seed)
    parts = [(rows[chosen], labels[chosen], PIXEL)]
    parts.append((images[0].fixed[list(classes)].numpy(), np.array(classes), FIXED))
    for image in images:
        if image.student is not None:
            shown = [k for k in classes if image.present[k]]
            parts.append((image.student[shown].numpy(), np.array(shown, dtype=np.int64), ADAPTED))
    vectors = np.concatenate([vectors for vectors, _, _ in parts]).astype(np.float64)
    return Points(
        vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-12),
        np.concatenate([labels for _, labels, _ in parts]),
        np.concatenate([np.full(len(labels), kind) for _, labels, kind in parts]),
    )


def embed(points: Points, seed: int = 0, perplexity: float = 30.0) -> Float[np.ndarray, "p 2"]:
    """Embed points by t-SNE, which keeps neighbours; distances between clusters mean nothing.

    Args:
        points: Points to embed.
        seed: Seed of t-SNE.
        perplexity: Approximate number of neighbours of a point; reduced for few points.
    """
    perplexity = min(perplexity, (len(points.vectors) - 1) / 3)
    method = TSNE(perplexity=perplexity, init="pca", learning_rate="auto", random_state=seed)
    return method.fit_transform(points.vectors)


def embed_by_umap(points: Points, seed: int = 0, neighbors: int = 15) -> Float[np.ndarray, "p 2"]:
    """Embed points by UMAP; as with t-SNE, distances between clusters mean nothing.

    Args:
        points: Points to embed.
        seed: Seed of the optimisation, which therefore runs on one thread.
        neighbors: Number of neighbours by which a point is placed; reduced for few points.

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
        points: Points to show.
        plane: Their coordinates.
        classes: Class names in order.
        colors: Colours of the classes in all pictures of the data set, RGB.
        method: Name of the embedding.
    """
    figure = Figure(figsize=(WIDTH, 2.9), layout="constrained")
    axes = figure.subplots()
    for kind, (marker, area, edge, _) in reversed(SHAPES.items()):  # stars on top
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
    """Legend entries: the markers that occur, in grey, and the classes."""
    shapes: list[Artist] = [
        Line2D([], [], marker=marker, linestyle="none", color="0.4", label=name)
        for kind, (marker, _, _, name) in SHAPES.items()
        if (points.kinds == kind).any()
    ]
    return [*shapes, *class_patches(np.unique(points.classes).tolist(), classes, colors)]
