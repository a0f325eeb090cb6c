"""A data set of noise for data=folder."""

import cv2
import numpy as np

SIZE = (48, 64)


def write(root, classes=3, numbers=None):
    """A data set of noise, two images a split."""
    draw, numbers = np.random.default_rng(0), numbers or range(classes)
    for split in ("train", "val"):
        for item in range(2):
            picture = draw.integers(0, 255, (*SIZE, 3), dtype=np.uint8)
            save(root / split / "images" / f"{item}.png", picture)
            label = np.array(numbers, np.uint8)[draw.integers(0, len(numbers), SIZE)]
            save(root / split / "labels" / f"{item}.png", label)
    (root / "classes.txt").write_text("".join(f"class {k}\n" for k in range(classes)))


def save(file, array):
    file.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(file), array)
