"""The user's own data set: folders of images and label PNGs, and a list of classes."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from segadapt.data.dataset import SegmentationDataset, Transform
from segadapt.data.files.decode import MAX_PIXELS
from segadapt.data.files.image_format import checked_format
from segadapt.data.files.pairs import Pair
from segadapt.data.files.selection import Rules, select
from segadapt.data.label_table.choice import chosen_table, table_file
from segadapt.data.label_table.keeping import kept_or_chosen
from segadapt.files import expanded
from segadapt.structures import IGNORE

NEAREST: Final = "nearest"
"""Value of ``data.lossy_labels`` that maps each pixel to the nearest class."""


class Folder(SegmentationDataset):
    """Images in ``<split>/images``, labels of the same names in ``<split>/labels``, or elsewhere.

    Other folders and names are found by :func:`segadapt.data.files.layout.find`, by rules or in a
    list.

    A label table says what the numbers or colours of labels mean. Without one, labels hold one
    class number per pixel: 0 ... K-1, or 1 ... K where ``first_label`` is 1.

    Args:
        root: Folder of the data set.
        split: Which subfolder of it.
        transform: What is done to an image and its classes.
        classes: File of the label table, ``binary`` for masks of 0 and 255 (or 1), ``{binary:
            [NAME, NAME]}``, or names in the order of the class numbers; None for the table beside
            ``classes_file``.
        classes_file: Text file with one name per line, read if there is no label table.
        ignored: Numbers in labels that count nowhere, where there are only names.
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
        lossy_labels: ``nearest`` takes each value of a JPEG label for the nearest one of the
            table, whose ``others`` must be errors; None refuses such labels.
        kept_table: Label table kept by the run folder, if an existing run is opened; else None.
        windows: Side of the blocks, pixels, in which TIFFs are read at their own resolution; None
            to read images whole.

    Raises:
        ValueError: Also if there are no class names, or one of them twice.
    """

    is_own = True

    def __init__(
        self,
        root: str | Path,
        split: str,
        transform: Transform,
        classes: Sequence[str] | str | Mapping[str, Sequence[str]] | None,
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
        lossy_labels: str | None = None,
        kept_table: str | None = None,
        windows: int | None = None,
    ) -> None:
        self.form = checked_format(channels, depth, limits)
        self.rules = Rules(image, label, listed, partition)
        folder = expanded(classes_file).parent
        table = kept_or_chosen(
            kept_table,
            table_file(classes, folder),
            lambda: chosen_table(classes, folder, first_label, ignored),
        )
        self.use(table, nearest=lossy_labels == NEAREST)
        super().__init__(root, split, transform, seed, max_pixels, windows)
        if self.windows is not None:
            self.notes = (*self.notes, *self.windows.notes(self.files))

    def pairs(self, root: Path, split: str) -> list[Pair]:
        selection = select(root, split, self.rules)
        self.division = selection.division
        self.notes = tuple(note for note in (*selection.notes, self._distortion()) if note)
        return selection.pairs

    def _distortion(self) -> str | None:
        """The photometric distortion for images that have neither saturation nor hue."""
        if self.form.is_plain:
            return None
        return "images are not 8-bit RGB, so training varies their brightness and contrast alone"
