"""Cityscapes (Cordts et al., 2016): 19 classes of street scenes."""

from pathlib import Path
from typing import ClassVar, Final

from segadapt.data.dataset import SegmentationDataset, Submission
from segadapt.data.files.pairs import ImageFolder, Pair, chosen, matched
from segadapt.data.label_table.table import LabelTable
from segadapt.data.labels import LabelContract

NUMBERS: Final = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
"""Numbers of the classes in ``labelIds`` files; the others of 0 ... 33 are not evaluated."""


CLASSES: Final = (
    *("road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign"),
    *("vegetation", "terrain", "sky", "person", "rider", "car", "truck", "bus", "train"),
    *("motorcycle", "bicycle"),
)


class Cityscapes(SegmentationDataset):
    """2 975 training and 500 validation images of 1024 x 2048 pixels.

    Layout: ``leftImg8bit/{train,val}/CITY/*_leftImg8bit.png`` and
    ``gtFine/{train,val}/CITY/*_gtFine_labelIds.png``, as published; nothing need be converted. The
    labels published with the 1 525 test images are empty, and not read. A submission names its
    files CITY_SEQUENCE_FRAME.png, which is how the official script finds them.
    """

    classes = CLASSES
    labels = LabelContract(
        LabelTable.numbered(
            CLASSES,
            {number: k for k, number in enumerate(NUMBERS)},
            ignored=[number for number in range(34) if number not in NUMBERS],
        )
    )
    as_stored = True
    images: ClassVar = {"train": 2_975, "val": 500}
    unlabelled: ClassVar = {"test": ImageFolder("leftImg8bit/test", "_leftImg8bit.png", 1_525)}
    submission = Submission("_leftImg8bit")
    palette = (
        *((128, 64, 128), (244, 35, 232), (70, 70, 70), (102, 102, 156), (190, 153, 153)),
        *((153, 153, 153), (250, 170, 30), (220, 220, 0), (107, 142, 35), (152, 251, 152)),
        *((70, 130, 180), (220, 20, 60), (255, 0, 0), (0, 0, 142), (0, 0, 70), (0, 60, 100)),
        *((0, 80, 100), (0, 0, 230), (119, 11, 32)),
    )

    def pairs(self, root: Path, split: str) -> list[Pair]:
        part = chosen(split, {"train": "train", "val": "val"}, "Cityscapes")
        return matched(
            root / "leftImg8bit" / part,
            root / "gtFine" / part,
            "_gtFine_labelIds.png",
            "_leftImg8bit.png",
        )
