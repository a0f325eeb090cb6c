"""Images to predict, outputs, and the place of each file."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from segadapt.deployment.inputs.images import MAX_PIXELS
from segadapt.deployment.inputs.sources import Source
from segadapt.deployment.prediction.model import Model
from segadapt.deployment.prediction.predictor import Predictor
from segadapt.deployment.prediction_files.outputs import OUTPUTS, Style
from segadapt.evaluation.inference.settings import settings_of

PANELS: Final = "panels"
"""Folder of the panels, beside those of ``OUTPUTS``."""


class Network(NamedTuple):
    """A model that predicts, as it was asked to."""

    title: str
    model: Model
    predictor: Predictor


class Work(NamedTuple):
    """Images to predict, and the files to write.

    Args:
        networks: One, or two to compare.
        out: Folder of the predictions.
        save: Keys of ``OUTPUTS``, of the first network.
        style: Style of the files.
        labels: Label files by the images' names; empty without labels.
        batch_size: Images of one size that are passed through the network together.
        workers: Threads that read images, and as many that write.
        max_pixels: Larger images are refused.
        windows: Side of the windows, pixels, by which all TIFFs are read; None: only those that are
            larger.
        overwrite: Whether existing files are made again.
    """

    networks: Sequence[Network]
    out: Path
    save: Collection[str]
    style: Style
    labels: dict[Path, Path]
    batch_size: int = 1
    workers: int = 2
    max_pixels: int = MAX_PIXELS
    windows: int | None = None
    overwrite: bool = False


def has_panels(work: Work) -> bool:
    """Whether there is something to show beside the image and one prediction."""
    return bool(work.labels) or len(work.networks) > 1


def file_of(out: Path, kind: str, source: Source) -> Path:
    """The file of an image for one kind of output.

    Args:
        out: Folder of the predictions.
        kind: A key of ``OUTPUTS``, or ``PANELS``.
        source: The image.

    Raises:
        ValueError: If its name leads out of the folder.
    """
    suffix = ".jpg" if kind == PANELS else OUTPUTS[kind].suffix
    return place_of(out / kind, source.name, suffix)


def place_of(folder: Path, name: Path, suffix: str) -> Path:
    """The file of a name below a folder.

    Args:
        folder: Folder of the files.
        name: Name of an image without suffix.
        suffix: Suffix of the file.

    Raises:
        ValueError: If the name leads out of the folder, where it could replace other files.
    """
    if name.is_absolute() or ".." in name.parts or not name.name:
        raise ValueError(f"the prediction {name} would not lie in {folder}; rename the image")
    return folder / name.with_name(f"{name.name}{suffix}")


def check_places(sources: Sequence[Source], work: Work) -> None:
    """Refuse inputs that predictions would replace.

    Args:
        sources: Images.
        work: Files to write for them.

    Raises:
        ValueError: If an image or a label lies in a folder into which predictions are written.
    """
    folders = {(work.out / kind).resolve() for kind in kinds_of(work)}
    files = [*(source.file for source in sources), *work.labels.values()]
    for parent, file in {file.parent: file for file in files}.items():
        inside = parent.resolve()
        if written := [folder for folder in folders if inside.is_relative_to(folder)]:
            raise ValueError(
                f"{file} lies in {written[0]}, into which predictions are written; choose another "
                "out="
            )


def kinds_of(work: Work) -> list[str]:
    """The kinds of files that are written for an image; each has a folder of that name."""
    return [*work.save, *([PANELS] if has_panels(work) else [])]


def decisive(work: Work) -> dict[str, Any]:
    """The settings that decide the content of the files."""
    return {
        "networks": [
            {
                "title": network.title,
                "sha256": network.model.info.get("sha256"),
                "inference": settings_of(network.predictor.inference),
                "precision": network.model.precision,
            }
            for network in work.networks
        ],
        **work.style._asdict(),
        "labels": bool(work.labels),
        **({} if work.windows is None else {"windows": work.windows}),
        "classes": list(work.networks[0].model.classes),
        "label_numbers": _numbers(work),
        "scales": {
            name: output.scale for name, output in OUTPUTS.items() if output.scale is not None
        },
    }


def _numbers(work: Work) -> list[int]:
    """The number of each class in label files, in the order of the classes."""
    data = work.networks[0].model.trained.data
    if work.style.numbers == "train":
        return list(range(len(data.classes)))
    return data.labels.numbers
