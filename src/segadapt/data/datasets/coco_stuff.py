"""COCO-Stuff (Caesar et al., 2018): 80 things and 91 stuffs, in two releases."""

from pathlib import Path
from typing import ClassVar, Final

from segadapt.data.dataset import SegmentationDataset
from segadapt.data.files.pairs import Pair, chosen, listed, matched
from segadapt.data.label_table.table import LabelTable
from segadapt.data.labels import LabelContract

CLASSES: Final = (
    *("person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat"),
    *("traffic light", "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat"),
    *("dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "backpack"),
    *("umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball"),
    *("kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket"),
    *("bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple"),
    *("sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair"),
    *("couch", "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse"),
    *("remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink"),
    *("refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier"),
    *("toothbrush", "banner", "blanket", "branch", "bridge", "building-other", "bush"),
    *("cabinet", "cage", "cardboard", "carpet", "ceiling-other", "ceiling-tile", "cloth"),
    *("clothes", "clouds", "counter", "cupboard", "curtain", "desk-stuff", "dirt"),
    *("door-stuff", "fence", "floor-marble", "floor-other", "floor-stone", "floor-tile"),
    *("floor-wood", "flower", "fog", "food-other", "fruit", "furniture-other", "grass"),
    *("gravel", "ground-other", "hill", "house", "leaves", "light", "mat", "metal"),
    *("mirror-stuff", "moss", "mountain", "mud", "napkin", "net", "paper", "pavement"),
    *("pillow", "plant-other", "plastic", "platform", "playingfield", "railing", "railroad"),
    *("river", "road", "rock", "roof", "rug", "salad", "sand", "sea", "shelf", "sky-other"),
    *("skyscraper", "snow", "solid-other", "stairs", "stone", "straw", "structural-other"),
    *("table", "tent", "textile-other", "towel", "tree", "vegetable", "wall-brick"),
    *("wall-concrete", "wall-other", "wall-panel", "wall-stone", "wall-tile", "wall-wood"),
    *("water-other", "waterdrops", "window-blind", "window-other", "wood"),
)

UNUSED: Final = (11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90)
"""Numbers of COCO's list that no annotation has, counted from person = 0."""


class COCOStuff164K(SegmentationDataset):
    """118 287 training and 5 000 validation images of COCO 2017.

    Layout: ``images/{train2017,val2017}/*.jpg`` as in COCO's archives, and
    ``annotations/{train2017,val2017}/*.png`` as in ``stuffthingmaps_trainval2017.zip``. Labels
    count from person = 0; 255 is unlabelled. Files ``*_labelTrainIds.png`` beside them, which
    other tools write, are passed over.
    """

    classes = CLASSES
    labels = LabelContract(LabelTable.consecutive(CLASSES, unused=UNUSED, ignored=(255,)))
    as_stored = True
    images: ClassVar = {"train": 118_287, "val": 5_000}

    def pairs(self, root: Path, split: str) -> list[Pair]:
        part = chosen(split, {"train": "train2017", "val": "val2017"}, "COCO-Stuff 164K")
        return matched(
            root / "images" / part,
            root / "annotations" / part,
            beside=("_labelTrainIds.png", "_instanceTrainIds.png"),
        )


class COCOStuff10K(SegmentationDataset):
    """9 000 training and 1 000 test images, the latter used for validation.

    Layout as in ``cocostuff-10k-v1.1.zip``: ``images/*.jpg``, ``annotations/*.mat``,
    ``imageLists/{train,test}.txt``. Labels count from person = 1; 0 is unlabelled.
    """

    classes = CLASSES
    labels = LabelContract(
        LabelTable.consecutive(
            CLASSES, first=1, unused=[number + 1 for number in UNUSED], ignored=(0,)
        )
    )
    as_stored = True
    images: ClassVar = {"train": 9_000, "val": 1_000}

    def pairs(self, root: Path, split: str) -> list[Pair]:
        part = chosen(split, {"train": "train", "val": "test"}, "COCO-Stuff 10K")
        names = root / "imageLists" / f"{part}.txt"
        return listed(names, root / "images", root / "annotations", ".mat")
