"""``scripts/figures.py``: every figure that run folders have something for."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure
from omegaconf import DictConfig

from segadapt.comparing.figures import DPI
from segadapt.figures.boundaries import boundaries_figure
from segadapt.figures.curves import branch_curves, curves_figure
from segadapt.figures.embedding import embed, embedding_figure, frequent, gather
from segadapt.figures.looks import Look, looks
from segadapt.figures.panels import panel_rows, panels_figure
from segadapt.figures.shift import prototype_shift, shift_figure
from segadapt.figures.similarity import similarities, similarity_figure
from segadapt.figures.trained import Trained, check_same_images, read_trained
from segadapt.functional.resize import shrink
from segadapt.segmentor import Segmentor


class Amount(NamedTuple):
    """How much is drawn, and from which draw."""

    images: int = 32
    """Looked at for t-SNE, similarity and shift."""
    rows: int = 4
    """Of panels and boundaries."""
    per_class: int = 60
    """Pixels of t-SNE."""
    seed: int = 0


def draw(
    folders: Mapping[str, Path],
    out: Path | None,
    build_model: Callable[[DictConfig], Segmentor],
    check: Callable[[DictConfig], None],
    checkpoint: str = "last",
    amount: Amount | None = None,
) -> list[Path]:
    """Draw each run's own figures into its folder, and those of all runs together into ``out``.

    Args:
        folders: Run folders by title, in the order of the panels' columns.
        out: Where figures of all runs go; None: ``figures`` in the folder of the only one, or
            beside the first.
        build_model: Makes the network from a training's config.
        check: Raises if a config is not to be trusted.
        checkpoint: ``last``, ``best`` or a file.
        amount: How much is drawn.

    Returns:
        The files.

    Raises:
        ValueError: If a run cannot be read, or they were validated on different data.
    """
    amount = amount or Amount()
    trained = {
        name: read_trained(folder, build_model, check, checkpoint)
        for name, folder in folders.items()
    }
    check_same_images(trained)
    files = []
    for one in trained.values():
        files += save(own_figures(one, amount), one.folder / "figures")
    first = next(iter(trained.values()))
    beside = first.folder if len(trained) == 1 else first.folder.parent
    return files + save(common_figures(trained, amount.rows), out or beside / "figures")


def own_figures(trained: Trained, amount: Amount) -> dict[str, Figure]:
    """Figures of one network by name."""
    samples = trained.samples(amount.images)
    found = looks(trained.model, samples)
    grid = trained.model.generator(samples[0].image[None]).pixels.shape[-2:]
    targets = [shrink(s.mask[None], grid)[0] for s in trained.samples(amount.rows)]
    figures = {"boundaries": boundaries_figure(targets, trained.colors)}
    figures["tsne"] = tsne(found, trained.classes, amount)
    if matrices := similarities(found):
        figures["similarity"] = similarity_figure(matrices, trained.classes)
    if (angles := prototype_shift(found)) is not None:
        figures["shift"] = shift_figure(angles, trained.classes)
    return figures


def common_figures(trained: Mapping[str, Trained], rows: int) -> dict[str, Figure]:
    """Figures of several networks side by side, by name."""
    first = next(iter(trained.values()))
    pictures = panels_figure(panel_rows(trained, rows), first.classes, first.colors)
    curves = {name: branch_curves(one.folder) for name, one in trained.items()}
    return {"panels": pictures} | (
        {"curves": curves_figure(curves)} if any(curves.values()) else {}
    )


def tsne(found: Sequence[Look], classes: Sequence[str], amount: Amount) -> Figure:
    """Pixels and prototypes of the classes that the most images show."""
    points = gather(found, frequent(found), amount.per_class, amount.seed)
    return embedding_figure(points, embed(points, amount.seed), classes)


def save(figures: Mapping[str, Figure], folder: Path) -> list[Path]:
    """Write each figure as PNG and PDF; the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}.{ending}" for name in figures for ending in ("png", "pdf")]
    for file in files:
        figures[file.stem].savefig(file, dpi=DPI)
    return files
