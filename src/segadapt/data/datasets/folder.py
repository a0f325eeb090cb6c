"""Anybody's images: folders of images and label PNGs, and a list of classes."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from segadapt.data.dataset import SegmentationDataset, Transform
from segadapt.data.files.decode import MAX_PIXELS
from segadapt.data.files.image_format import checked_format
from segadapt.data.files.pairs import Pair
from segadapt.data.files.selection import Rules, select
from segadapt.data.labels import LabelContract
from segadapt.data.names import checked_names, read_names
from segadapt.files import expanded
from segadapt.structures import IGNORE


class Folder(SegmentationDataset):
    """Images in ``<split>/images``, labels of the same names in ``<split>/labels``, or elsewhere.

    Other folders and names are found by :func:`segadapt.data.files.layout.find`, by rules or in a
    list.

    Labels are grey or palette PNGs with one class number per pixel: 0 ... K-1, or 1 ... K where
    ``first_label`` is 1.

    Args:
        root: Folder of the data set.
        split: Which subfolder of it.
        transform: What is done to an image and its classes.
        classes: Names in the order of the class numbers; None to read them from the file.
        classes_file: Text file with one name a line, used where no names are given.
        ignored: Numbers in labels that count nowhere.
        first_label: Number of the first class in labels; those of the others follow it.
        seed: Seed of the run.
        max_pixels: Larger images are refused.
        image: How images are called below the folder, such as ``{name}.jpg``.
        label: How labels are called, such as ``{name}_mask.png``.
        listed: CSV or text file of images and labels below the folder, or one for each split.
        partition: How splits are drawn: the shares of ``val`` and ``test``, ``seed``, and ``by``
            what files stay together.
        channels: Of the images.
        depth: 8 or 16 bits of each channel, or ``float`` for any numbers.
        limits: The numbers that become black and white, where there are more than 8 bits.

    Raises:
        ValueError: Also if there are no class names, or one of them twice.
    """

    is_own = True

    def __init__(
        self,
        root: str | Path,
        split: str,
        transform: Transform,
        classes: Sequence[str] | None,
        classes_file: str | Path,
        ignored: Collection[int] = (IGNORE,),
        first_label: int = 0,
        seed: int = 0,
        max_pixels: int = MAX_PIXELS,
        image: str | None = None,
        label: str | None = None,
        listed: str | Mapping[str, str] | None = None,
        partition: Mapping[str, Any] | None = None,
        channels: int = 3,
        depth: int | str = 8,
        limits: Sequence[float] | None = None,
    ) -> None:
        self.form = checked_format(channels, depth, limits)
        self.rules = Rules(image, label, listed, partition)
        self.recorded = listed is not None or partition is not None
        if classes is None:
            self.classes = read_names(expanded(classes_file))
        else:
            self.classes = checked_names(classes, "data.classes")
        self.labels = _contract(len(self.classes), first_label, ignored)
        super().__init__(root, split, transform, seed, max_pixels)

    def pairs(self, root: Path, split: str) -> list[Pair]:
        selection = select(root, split, self.rules)
        self.notes = tuple(note for note in (selection.note, self._distortion()) if note)
        return selection.pairs

    def _distortion(self) -> str | None:
        """What training varies of images that have neither saturation nor hue."""
        if self.form.is_plain:
            return None
        return "images are not 8-bit RGB, so training varies their brightness and contrast alone"


def _contract(num_classes: int, first: int, ignored: Collection[int]) -> LabelContract:
    """What the numbers mean; labels that begin at 1 are the usual cause of a contradiction."""
    numbers = range(first, first + num_classes)
    if twice := sorted(set(ignored).intersection(numbers)):
        raise ValueError(
            f"data.ignored holds {twice[0]}, but the {num_classes} classes have the label numbers "
            f"{numbers[0]}..{numbers[-1]}. If labels hold 1..{num_classes} for the classes and 0 "
            "where nothing is labelled, set data.first_label=1 data.ignored=[0]; otherwise remove "
            f"{twice[0]} from data.ignored"
        )
    return LabelContract.consecutive(num_classes, first, ignored=ignored)
