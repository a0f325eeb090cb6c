"""PASCAL-Context (Mottaghi et al., 2014): the images of VOC 2010, labelled whole."""

from pathlib import Path
from typing import ClassVar, Final

from segadapt.data.dataset import SegmentationDataset
from segadapt.data.files.pairs import Pair, chosen, listed
from segadapt.data.label_table.table import LabelTable
from segadapt.data.labels import LabelContract

CLASSES: Final = (
    *("aeroplane", "bag", "bed", "bedclothes", "bench", "bicycle", "bird", "boat", "book"),
    *("bottle", "building", "bus", "cabinet", "car", "cat", "ceiling", "chair", "cloth"),
    *("computer", "cow", "cup", "curtain", "dog", "door", "fence", "floor", "flower", "food"),
    *("grass", "ground", "horse", "keyboard", "light", "motorbike", "mountain", "mouse"),
    *("person", "plate", "platform", "pottedplant", "road", "rock", "sheep", "shelves"),
    *("sidewalk", "sign", "sky", "snow", "sofa", "table", "track", "train", "tree", "truck"),
    *("tvmonitor", "wall", "water", "window", "wood"),
)

IMAGES: Final = {"train": 4_996, "val": 5_104}


class PascalContext59(SegmentationDataset):
    """4 996 training and 5 104 validation images; background is ignored.

    Layout below ``VOCdevkit/VOC2010``: ``JPEGImages/*.jpg``, ``SegmentationClassContext/*.png``,
    ``ImageSets/SegmentationContext/{train,val}.txt``. Labels hold 1 ... 59, and 0 for background.
    """

    classes = CLASSES
    labels = LabelContract(LabelTable.consecutive(CLASSES, first=1, ignored=(0,)))
    as_stored = True
    images: ClassVar = IMAGES

    def pairs(self, root: Path, split: str) -> list[Pair]:
        return _pairs(root, split)


class PascalContext60(SegmentationDataset):
    """The same files; background is class 0."""

    classes = ("background", *CLASSES)
    labels = LabelContract(LabelTable.consecutive(classes))
    as_stored = True
    images: ClassVar = IMAGES

    def pairs(self, root: Path, split: str) -> list[Pair]:
        return _pairs(root, split)


def _pairs(root: Path, split: str) -> list[Pair]:
    part = chosen(split, {"train": "train", "val": "val"}, "PASCAL-Context")
    names = root / "ImageSets" / "SegmentationContext" / f"{part}.txt"
    return listed(names, root / "JPEGImages", root / "SegmentationClassContext")
