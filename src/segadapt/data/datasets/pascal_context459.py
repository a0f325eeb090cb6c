"""PASCAL-Context with all 459 classes of its annotators (Mottaghi et al., 2014)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final

from segadapt.data.dataset import SegmentationDataset, Transform
from segadapt.data.files.decode import MAX_PIXELS
from segadapt.data.files.pairs import Pair, chosen, listed
from segadapt.data.label_table.choice import chosen_table, table_file
from segadapt.data.label_table.keeping import kept_or_chosen
from segadapt.data.label_table.table import LabelTable
from segadapt.data.names import read_numbered_names
from segadapt.files import expanded

LABELS: Final = "labels/labels.txt"
"""The list published with the annotations: ``1: accordion`` and so on."""


class PascalContext459(SegmentationDataset):
    """4 998 training and 5 105 validation images of VOC 2010, with labels as published.

    Layout below ``VOCdevkit/VOC2010``: ``JPEGImages/*.jpg``, ``trainval/*.mat`` (whose matrix is
    called LabelMap), ``labels/labels.txt``, ``ImageSets/Main/{train,val}.txt``. Labels hold
    1 ... 459, and 0 where nothing is labelled, which is ignored.

    Args:
        root: Folder of the data set.
        split: ``train`` or ``val``.
        transform: What is done to an image and its classes.
        classes: File of a label table, which may merge classes, or None for the published list.
        seed: Seed of the run.
        max_pixels: Larger images are refused.
        kept_table: Label table kept by the run folder, if an existing run is opened; else None.

    Raises:
        ValueError: Also if there is no list of classes.
    """

    as_stored = True
    images: ClassVar = {"train": 4_998, "val": 5_105}

    def __init__(
        self,
        root: str | Path,
        split: str,
        transform: Transform,
        classes: Sequence[str] | str | Mapping[str, Sequence[str]] | None = None,
        seed: int = 0,
        max_pixels: int = MAX_PIXELS,
        kept_table: str | None = None,
    ) -> None:
        folder = expanded(root)
        if classes is None:
            table = kept_or_chosen(kept_table, folder / LABELS, lambda: _published(folder / LABELS))
        else:
            table = kept_or_chosen(
                kept_table, table_file(classes, folder), lambda: chosen_table(classes, folder)
            )
        self.use(table)
        super().__init__(root, split, transform, seed, max_pixels)

    def pairs(self, root: Path, split: str) -> list[Pair]:
        part = chosen(split, {"train": "train", "val": "val"}, "PASCAL-Context")
        names = root / "ImageSets" / "Main" / f"{part}.txt"
        return listed(names, root / "JPEGImages", root / "trainval", ".mat")


def _published(file: Path) -> LabelTable:
    return LabelTable.consecutive(read_numbered_names(file), first=1, ignored=(0,))
