"""Draw the pictures of docs/how-to/own-data.md: a scene, its label file, and the classes read.

python scripts/write_own_data_figures.py [FOLDER]

The script draws the scene, writes its labels as files, and reads them with ``data=folder``.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from segadapt.cli.shell import answer
from segadapt.data.datasets.folder import Folder
from segadapt.data.drawing import shown
from segadapt.data.label_table.reading import write_table
from segadapt.data.label_table.table import LabelTable, Values
from segadapt.data.palette import class_colors, completed
from segadapt.data.transforms.pipelines import EvalTransform

FIGURES: Final = Path(__file__).parents[1] / "docs" / "figures"
HEIGHT, WIDTH, SCALE, GAP = 96, 128, 2, 8
NAMES: Final = ("sky", "meadow", "house", "road")
COLORS: Final = ((135, 190, 235), (110, 170, 70), (200, 80, 60), (120, 120, 130))
IGNORED: Final = (0, 0, 0)
"""Colour of the house's door, which is ignored."""


def main(folder: Path = FIGURES) -> None:
    """Write one picture for each kind of label."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, kind in KINDS.items():
        panels = _panels(*kind)
        assert cv2.imwrite(str(folder / f"own_data_{name}.png"), _side_by_side(panels)[..., ::-1])


def scene() -> tuple[np.ndarray, np.ndarray]:
    """An image, and the class of each pixel; 255 where it is ignored."""
    label = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(label, (WIDTH // 2, HEIGHT + 10), (110, 60), 0, 0, 360, 1, -1)
    cv2.rectangle(label, (24, 36), (60, 70), 2, -1)
    cv2.fillPoly(label, [np.array([[18, 36], [42, 16], [66, 36]])], 2)
    cv2.fillPoly(label, [np.array([[80, 95], [92, 48], [98, 48], [118, 95]])], 3)
    cv2.rectangle(label, (38, 54), (46, 70), 255, -1)
    table = np.zeros((256, 3))
    table[: len(COLORS)], table[255] = COLORS, (90, 60, 40)
    noise = np.random.default_rng(0).normal(0, 14, (HEIGHT, WIDTH, 1))
    shade = np.linspace(12, -12, HEIGHT)[:, None, None]
    return (table[label] + noise + shade).clip(0, 255).astype(np.uint8), label


def _numbers(label: np.ndarray) -> np.ndarray:
    return np.where(label == 255, 255, label * 7 + 7).astype(np.uint8)


def _colors(label: np.ndarray) -> np.ndarray:
    table = np.zeros((256, 3), np.uint8)
    table[: len(COLORS)], table[255] = COLORS, IGNORED
    return table[label]


def _binary(label: np.ndarray) -> np.ndarray:
    return np.where(label == 2, 255, 0).astype(np.uint8)


def _table(*sources: Values, ignored: Values) -> LabelTable:
    return LabelTable(NAMES, sources, ignored, palette=COLORS)


Kind = tuple[Callable[[np.ndarray], np.ndarray], LabelTable]

KINDS: Final[dict[str, Kind]] = {
    "numbers": (
        _numbers,
        _table(*(Values((7 * k + 7,)) for k in range(4)), ignored=Values((255,))),
    ),
    "colors": (
        _colors,
        _table(*(Values((), (color,)) for color in COLORS), ignored=Values((), (IGNORED,))),
    ),
    "binary": (_binary, LabelTable.binary(("rest", "house"))),
}
"""Function that makes a label, and the table by which it is read."""


def _panels(made: Callable[[np.ndarray], np.ndarray], table: LabelTable) -> list[np.ndarray]:
    """The image, the label file as any viewer shows it, and the classes that were read."""
    image, label = scene()
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        for folder, pixels in (("images", image), ("labels", made(label))):
            (root / "val" / folder).mkdir(parents=True)
            file = root / "val" / folder / "scene.png"
            assert cv2.imwrite(str(file), pixels[..., ::-1] if pixels.ndim == 3 else pixels)
        write_table(table, root / "classes.yaml")
        dataset = Folder(root, "val", EvalTransform(), None, root / "classes.txt")
        sample: Any = dataset[0]
    mask = sample.mask.numpy()
    palette = class_colors(table.num_classes, completed(table.palette))
    lookup = np.full((256, 3), 255, np.uint8)
    lookup[: len(palette)] = palette
    stored = made(label)
    grey = stored if stored.ndim == 3 else np.repeat(stored[..., None], 3, 2)
    return [shown(sample.image, mask.shape, dataset.statistics), grey, lookup[mask]]


def _side_by_side(panels: list[np.ndarray]) -> np.ndarray:
    large = [panel.repeat(SCALE, 0).repeat(SCALE, 1) for panel in panels]
    gap = np.full((HEIGHT * SCALE, GAP, 3), 255, np.uint8)
    return np.hstack([large[0], gap, large[1], gap, large[2]])


if __name__ == "__main__":
    answer(lambda: main(*map(Path, sys.argv[1:2])))
