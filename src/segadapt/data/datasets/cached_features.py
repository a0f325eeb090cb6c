"""Features of a trained network in place of images, mapped from files."""

from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
import torch
from torch import Tensor

from segadapt.data.cached_features import FEATURES, LABELS, read_set
from segadapt.data.dataset import LabelledDataset
from segadapt.data.labels import label_type
from segadapt.data.names import checked_names
from segadapt.data.sampling import Key, position_and_item
from segadapt.structures import Sample
from segadapt.text.borders import printable
from segadapt.text.choices import unknown

DTYPES: Final = {"fp32": np.float32, "bf16": np.int16}


class CachedFeatures(LabelledDataset):
    """A split of what ``segadapt cache-features`` has written.

    Args:
        root: Folder of the cached set.
        split: ``train`` or ``val``.
        num_classes: Number of classes that the run expects.
        channels: Width of the features that the run expects.

    Raises:
        ValueError: If the set has other classes, widths or numbers of samples than it should.
    """

    pictures: ClassVar[bool] = False

    def __init__(self, root: str | Path, split: str, num_classes: int, channels: int) -> None:
        cache = read_set(root)
        self.classes, self.palette = checked_names(cache.classes, f"{root}"), cache.palette
        if (len(cache.classes), cache.channels) != (num_classes, channels):
            raise ValueError(
                f"{root} holds features of {cache.channels} channels and {len(cache.classes)} "
                f"classes, but the run expects {channels} and {num_classes}; give data.root=FOLDER "
                "of the set that belongs to it, and leave data.num_classes as it is"
            )
        if split not in cache.names:
            raise ValueError(unknown("split", split, cache.names, "of cached features"))
        self.names = [printable(name) for name in cache.names[split]]
        self.half = cache.precision == "bf16"
        folder, samples = Path(root) / split, len(self.names)
        features = (samples, channels, None, None)
        self.features = _mapped(folder / FEATURES, DTYPES[cache.precision], features)
        self.labels = _mapped(folder / LABELS, label_type(num_classes), (samples, None, None))

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, key: Key) -> Sample:
        """The features take the image's place."""
        _, item = position_and_item(key)
        mask = torch.from_numpy(self.labels[item].copy())
        return Sample(self._features(item), mask, self.names[item])

    def _features(self, item: int) -> Tensor:
        stored = torch.from_numpy(self.features[item].copy())
        return stored.view(torch.bfloat16).float() if self.half else stored


def _mapped(file: Path, dtype: Any, shape: tuple[int | None, ...]) -> np.ndarray:
    if not file.is_file():
        raise ValueError(f"{file} is missing; cache the features again")
    array = np.load(file, mmap_mode="r")
    fits = len(array.shape) == len(shape) and all(
        expected in (None, side) for side, expected in zip(array.shape, shape, strict=True)
    )
    if array.dtype != dtype or not fits:
        wanted = " x ".join("?" if side is None else str(side) for side in shape)
        actual = " x ".join(map(str, array.shape))
        raise ValueError(
            f"{file} holds {actual} {array.dtype}, not {wanted} {np.dtype(dtype)}; cache the "
            "features again"
        )
    return array
