"""The embedded data set: handwritten digits on photographs, composed on the fly."""

import numpy as np
import torch

from segadapt.data.dataset import LabelledDataset
from segadapt.data.datasets.digits_material import material
from segadapt.data.datasets.digits_scenes import scene
from segadapt.data.sampling import SCENE, Key, generator_for, position_and_item
from segadapt.data.transforms.normalization import MEAN, STD
from segadapt.structures import Sample
from segadapt.text.choices import unknown

SHIFT, SCALE = np.array(MEAN, dtype=np.float32), np.array(STD, dtype=np.float32)


class Digits(LabelledDataset):
    """Square scenes; scene i of a split is a function of (seed, i).

    Train and val share neither a digit nor a pixel of a photograph.

    Args:
        split: "train" or "val".
        length: Number of scenes.
        size: Side of the scenes, pixels.
        difficulty: 0 (easy) to 1 (less contrast; more texture, noise and scribbles).
        seed: Seed of the data set; not of the run, so that runs see the same images.

    Raises:
        ValueError: If the split is unknown, or the difficulty or the size out of range.
    """

    classes = ("background", *(f"digit {number}" for number in range(10)))

    def __init__(
        self, split: str, length: int, size: int, difficulty: float = 0.5, seed: int = 0
    ) -> None:
        if split not in ("train", "val"):
            raise ValueError(unknown("split", split, ("train", "val"), "of digits"))
        if not 0 <= difficulty <= 1:
            raise ValueError(f"difficulty={difficulty} is out of range; choose 0 to 1")
        if not 64 <= size <= 160:
            raise ValueError(f"scenes of {size} pixels cannot be composed; choose 64 to 160")
        self.split, self.length = split, length
        self.size, self.difficulty, self.seed = size, difficulty, seed
        material(split)  # here, so that loader processes share it and need not import scikit-learn

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, key: Key) -> Sample:
        _, item = position_and_item(key)
        generator = generator_for(SCENE, self.seed, int(self.split == "val"), item)
        picture, mask = scene(material(self.split), self.size, self.difficulty, generator)
        image = (picture.clip(0, 1) - SHIFT) / SCALE
        pixels = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
        return Sample(pixels, torch.from_numpy(mask), f"{self.split}/{item:05d}")
