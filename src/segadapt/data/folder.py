"""Anybody's images: folders of images and label PNGs, and a list of classes."""

from collections.abc import Collection, Sequence
from pathlib import Path

from segadapt.data.dataset import SegmentationDataset, Transform
from segadapt.data.decode import MAX_PIXELS
from segadapt.data.labels import LabelContract
from segadapt.data.pairs import Pair, matched
from segadapt.structures import IGNORE


class Folder(SegmentationDataset):
    """Images in ``<split>/images``, labels of the same names in ``<split>/labels``.

    Labels are grey or palette PNGs with one class number 0 ... K-1 per pixel.

    Args:
        root: Folder of the data set.
        split: Which subfolder of it.
        transform: What is done to an image and its classes.
        classes: Names in the order of the class numbers; None to read them from the file.
        classes_file: Text file with one name a line, used where no names are given.
        ignored: Numbers in labels that count nowhere.
        seed: Seed of the run.
        max_pixels: Larger images are refused.

    Raises:
        ValueError: Also if there are no class names, or one of them twice.
    """

    def __init__(
        self,
        root: str | Path,
        split: str,
        transform: Transform,
        classes: Sequence[str] | None,
        classes_file: str | Path,
        ignored: Collection[int] = (IGNORE,),
        seed: int = 0,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        self.classes = tuple(_names(Path(classes_file)) if classes is None else classes)
        if len(self.classes) != len(set(self.classes)) or not self.classes:
            raise ValueError(f"class names must be one or more and differ, not {self.classes}")
        self.labels = LabelContract.identity(len(self.classes), ignored)
        super().__init__(root, split, transform, seed, max_pixels)

    def pairs(self, root: Path, split: str) -> list[Pair]:
        return matched(root / split / "images", root / split / "labels")


def _names(file: Path) -> list[str]:
    if not file.is_file():
        raise ValueError(
            f"there is no class list {file}; write one name a line into it, or give "
            "data.classes=[NAME,NAME,...]"
        )
    return [line.strip() for line in file.read_text("utf-8").splitlines() if line.strip()]
