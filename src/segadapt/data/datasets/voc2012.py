"""PASCAL VOC 2012 segmentation (Everingham et al., 2010): background and 20 classes."""

from pathlib import Path
from typing import ClassVar, Final

from segadapt.data.dataset import SegmentationDataset
from segadapt.data.files.pairs import Pair, chosen, listed
from segadapt.data.label_table.table import Color, LabelTable
from segadapt.data.labels import LabelContract


def devkit_color(number: int) -> Color:
    """Colour of a class in VOC's label files: its bits, distributed over red, green, blue."""
    red, green, blue = (
        sum((number >> (3 * bit + channel) & 1) << (7 - bit) for bit in range(3))
        for channel in range(3)
    )
    return red, green, blue


CLASSES: Final = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat"),
    *("chair", "cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant"),
    *("sheep", "sofa", "train", "tvmonitor"),
)


class VOC2012(SegmentationDataset):
    """1 464 training and 1 449 validation images.

    Layout below ``VOCdevkit/VOC2012``: ``JPEGImages/*.jpg``, ``SegmentationClass/*.png``,
    ``ImageSets/Segmentation/{train,val,trainval}.txt``. Labels are palette PNGs with the class
    numbers 0 ... 20 as indices; 255, the white border of objects, is ignored.
    """

    classes = CLASSES
    labels = LabelContract(LabelTable.consecutive(CLASSES, ignored=(255,)))
    as_stored = True
    images: ClassVar = {"train": 1_464, "val": 1_449, "trainval": 2_913}
    palette = tuple(devkit_color(number) for number in range(21))

    def pairs(self, root: Path, split: str) -> list[Pair]:
        part = chosen(split, {name: name for name in self.images}, "VOC 2012")
        names = root / "ImageSets" / "Segmentation" / f"{part}.txt"
        return listed(names, root / "JPEGImages", root / "SegmentationClass")
