"""ADE20K with all classes that occur in both of its splits (Zhou et al., 2019): 847."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final

from segadapt.data.dataset import SegmentationDataset, Transform
from segadapt.data.files.decode import MAX_PIXELS
from segadapt.data.files.pairs import Pair, chosen, matched
from segadapt.data.label_table.choice import chosen_table, table_file
from segadapt.data.label_table.keeping import kept_or_chosen
from segadapt.files import expanded
from segadapt.structures import IGNORE, ignored_label

NOTHING: Final = (ignored_label(847),)


class ADE20KFull(SegmentationDataset):
    """25 574 training and 2 000 validation images, prepared as for MaskFormer (Cheng et al., 2021).

    Layout: ``images_detectron2/{training,validation}/*.jpg`` and
    ``annotations_detectron2/{training,validation}/*.tif``, which hold 0 ... 846, and 65 535 for
    everything else, which is ignored. No published file names the classes in this order:
    ``segadapt prepare-data`` writes ``classes/classes.yaml``. Files that were prepared by other
    programs need ``classes/classes.txt`` with one name per line.

    Args:
        root: Folder of the data set.
        split: ``train`` or ``val``.
        transform: What is done to an image and its classes.
        classes: File of the label table or of names, or None for the one in ``classes``.
        seed: Seed of the run.
        max_pixels: Larger images are refused.
        kept_table: Label table kept by the run folder, if an existing run is opened; else None.

    Raises:
        ValueError: Also if there is no label table.
    """

    as_stored = True
    images: ClassVar = {"train": 25_574, "val": 2_000}

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
        folder = expanded(root) / "classes"
        file = table_file(classes, folder)
        named = file is None or file.suffix == ".txt"
        table = kept_or_chosen(
            kept_table,
            file,
            lambda: chosen_table(classes, folder, 0, NOTHING if named else (IGNORE,)),
        )
        self.use(table)
        super().__init__(root, split, transform, seed, max_pixels)

    def pairs(self, root: Path, split: str) -> list[Pair]:
        part = chosen(split, {"train": "training", "val": "validation"}, "ADE20K")
        images, labels = root / "images_detectron2" / part, root / "annotations_detectron2" / part
        return matched(images, labels, suffix=".tif")
