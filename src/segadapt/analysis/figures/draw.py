"""``segadapt figures``: every figure that run folders have data for."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

from segadapt.analysis.figures.activation import activation_figure, activation_rows
from segadapt.analysis.figures.boundaries import boundaries_figure, finding
from segadapt.analysis.figures.branch_curves import branch_curves, curves_figure
from segadapt.analysis.figures.class_similarity import similarities, similarity_figure
from segadapt.analysis.figures.embedding import (
    embed,
    embed_by_umap,
    embedding_figure,
    frequent,
    gather,
)
from segadapt.analysis.figures.image_prototypes import ImagePrototypes, image_prototypes
from segadapt.analysis.figures.optional_packages import is_installed
from segadapt.analysis.figures.panels import panel_rows, panels_figure
from segadapt.analysis.figures.prototype_shift import prototype_shift, shift_figure
from segadapt.analysis.figures.selection import check_chosen
from segadapt.analysis.figures.wandb_figures import track
from segadapt.analysis.style import save_figure
from segadapt.evaluation.trained import Trained, load_trained
from segadapt.runs.file_names import FIGURES
from segadapt.runs.reader import read_run
from segadapt.runs.trust import Check
from segadapt.text.borders import figure_text, print_line


class DrawOptions(NamedTuple):
    """Numbers of images and pixels in figures, and the random seed."""

    images: int = 32
    """Number of images for t-SNE, similarity and shift."""
    rows: int = 4
    """Number of rows in panels and boundaries."""
    per_class: int = 60
    """Number of pixels in t-SNE."""
    seed: int = 0


def draw_figures(
    folders: Mapping[str, Path],
    out: Path | None,
    check: Check,
    checkpoint: str = "last",
    amount: DrawOptions | None = None,
    tracking: bool = False,
) -> list[Path]:
    """Draw each run's own figures into its folder, and those of all runs together into ``out``.

    Args:
        folders: Run folders by title, in the order of the panels' columns.
        out: Folder for figures of all runs; None for ``figures`` in the folder of a single run, or
            next to the first run.
        check: Checks unresolved configs, from which networks are built.
        checkpoint: ``last``, ``best`` or a file.
        amount: Numbers of images and pixels, and the seed.
        tracking: Whether to log the figures to the W&B run of each training as well.

    Returns:
        The files.

    Raises:
        ValueError: If a run cannot be read or has no W&B run to log to, or the runs were validated
            on different data.
    """
    check_chosen(folders, checkpoint, tracking, check)
    amount = amount or DrawOptions()
    trained = {
        name: load_trained(read_run(folder, checkpoint, check)) for name, folder in folders.items()
    }
    own = {
        name: save(own_figures(one, amount), one.folder / FIGURES) for name, one in trained.items()
    }
    first = next(iter(trained.values()))
    beside = first.folder if len(trained) == 1 else first.folder.parent
    together = save(common_figures(_shown(trained), amount.rows), out or beside / FIGURES)
    if tracking:
        for name, one in trained.items():
            print_line(f"{name}: {track(one, [*own[name], *together])}")
    return [*(file for files in own.values() for file in files), *together]


def _shown(trained: Mapping[str, Trained]) -> dict[str, Trained]:
    """The networks with titles that figures can show.

    Raises:
        ValueError: If two titles would look alike.
    """
    shown = {figure_text(name): one for name, one in trained.items()}
    if len(shown) < len(trained):
        raise ValueError(
            "titles of runs look alike when they are shortened to 40 characters; pass TITLE=FOLDER"
        )
    return shown


def own_figures(trained: Trained, amount: DrawOptions) -> dict[str, Figure]:
    """Figures of one network by name."""
    samples = trained.samples(amount.images)
    images = image_prototypes(trained.model, samples)
    grid = trained.model.generator(samples[0].image[None]).pixels.shape[-2:]
    targets = [trained.model.targets(s.mask[None], grid)[0] for s in trained.samples(amount.rows)]
    rule = finding(trained.config)
    figures = {
        "boundaries": boundaries_figure(targets, trained.classes, trained.colors, **rule._asdict())
    }
    figures |= planes(images, trained, amount)
    if matrices := similarities(images):
        figures["similarity"] = similarity_figure(matrices, trained.classes)
    if (angles := prototype_shift(images)) is not None:
        figures["shift"] = shift_figure(angles, trained.classes)
    return figures


def common_figures(trained: Mapping[str, Trained], rows: int) -> dict[str, Figure]:
    """Figures of several networks side by side, by name."""
    figures = pictures(trained, rows)
    curves = {name: branch_curves(one.folder) for name, one in trained.items()}
    if any(curves.values()):
        figures["curves"] = curves_figure(curves)
    return figures


def pictures(trained: Mapping[str, Trained], rows: int) -> dict[str, Figure]:
    """Figures of images with predictions; none for cached features."""
    first = next(iter(trained.values()))
    if not first.dataset.pictures:
        print("without panels and activation maps: cached features are not images")
        return {}
    figures = {"panels": panels_figure(panel_rows(trained, rows), first.classes, first.colors)}
    if is_installed("pytorch_grad_cam"):
        maps = activation_rows(trained, rows)
        figures["activation"] = activation_figure(maps, first.classes)
    return figures


def planes(
    images: Sequence[ImagePrototypes], trained: Trained, amount: DrawOptions
) -> dict[str, Figure]:
    """Embeddings of pixels and prototypes of the most frequent classes; UMAP if installed."""
    points = gather(images, frequent(images), amount.per_class, amount.seed)
    names = (trained.classes, trained.colors)
    figures = {"tsne": embedding_figure(points, embed(points, amount.seed), *names, "t-SNE")}
    if is_installed("umap"):
        plane = embed_by_umap(points, amount.seed)
        figures["umap"] = embedding_figure(points, plane, *names, "UMAP")
    return figures


def save(figures: Mapping[str, Figure], folder: Path) -> list[Path]:
    """Write each figure as PNG and PDF, and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = [save_figure(figure, folder, name) for name, figure in figures.items()]
    return [file for pair in pairs for file in pair]
