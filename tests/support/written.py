"""Small data sets on disk, written with Pillow, which the package does not decode with."""

import os
from pathlib import Path

import numpy as np
from PIL import Image


def write(file: Path, array: np.ndarray, **options) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(file, **options)
    return file


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Smooth colours with some noise, so that JPEG and interpolation have something to do."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    waves = [np.sin(rows / (5 + k + seed)) + np.cos(columns / (7 + k)) for k in range(3)]
    return (np.stack(waves, -1) * 50 + 128 + rng.normal(0, 8, (height, width, 3))).astype(np.uint8)


def blocks(height: int, width: int, values: int, seed: int = 0) -> np.ndarray:
    """A label map of 8 x 8 blocks."""
    rng = np.random.default_rng(seed)
    small = rng.integers(values, size=(-(-height // 8), -(-width // 8)), dtype=np.uint8)
    return small.repeat(8, 0).repeat(8, 1)[:height, :width]


PUBLISHED_CAMVID = Path(os.environ.get("SEGADAPT_CAMVID", "/nowhere"))
"""The published data set, where there is one."""


def camvid(root: Path, images: int = 5, height: int = 40, width: int = 56) -> Path:
    for split in ("train", "val"):
        for i in range(images):
            write(root / split / f"frame{i}.png", picture(height, width, i))
            write(root / f"{split}annot" / f"frame{i}.png", blocks(height, width, 12, i))
    return root
