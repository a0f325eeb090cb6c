"""CamVid with its usual 11 classes (Brostow et al., 2009; split of SegNet)."""

from pathlib import Path
from typing import ClassVar, Final

from segadapt.data.dataset import SegmentationDataset
from segadapt.data.files.pairs import Pair, matched
from segadapt.data.label_table.table import LabelTable
from segadapt.data.labels import LabelContract

CLASSES: Final = (
    *("sky", "building", "pole", "road", "pavement", "tree"),
    *("sign", "fence", "car", "pedestrian", "bicyclist"),
)


class CamVid(SegmentationDataset):
    """367 training, 101 validation and 233 test frames of driving, 360 x 480 pixels.

    Layout: ``train/ trainannot/ val/ valannot/ test/ testannot/``; images with any file extension.
    """

    classes = CLASSES
    labels = LabelContract(LabelTable.consecutive(CLASSES, ignored=(11, 255)))  # 11 is void
    as_stored = True
    images: ClassVar = {"train": 367, "val": 101, "test": 233}
    palette = (
        *((128, 128, 128), (128, 0, 0), (192, 192, 128), (128, 64, 128), (60, 40, 222)),
        *((128, 128, 0), (192, 128, 128), (64, 64, 128), (64, 0, 128), (64, 64, 0), (0, 128, 192)),
    )

    def pairs(self, root: Path, split: str) -> list[Pair]:
        return matched(root / split, root / f"{split}annot")
