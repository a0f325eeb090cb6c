"""Annotations of other tools, written for tests, and what importing makes of them."""

import io
import json
from itertools import groupby
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from written import picture, write

from segadapt.data.imports.importing import import_labels
from segadapt.data.imports.pictures import Wanted

HEIGHT, WIDTH = 12, 16


def images(folder: Path, *names: str, size: tuple[int, int] = (HEIGHT, WIDTH)) -> Path:
    """Images of these names, each another one."""
    for seed, name in enumerate(names):
        write(folder / name, picture(*size, seed))
    return folder


def runs(mask: np.ndarray) -> list[int]:
    """Run lengths column by column, the first of zeros."""
    pixels = mask.T.ravel().tolist()
    first = [0] if pixels[0] else []
    return [*first, *(sum(1 for _ in run) for _, run in groupby(pixels))]


def rle(mask: np.ndarray) -> dict:
    """A mask as COCO has it."""
    return {"counts": runs(mask), "size": list(mask.shape)}


def rectangle(left: float, top: float, right: float, bottom: float) -> list[float]:
    """A rectangle as a flat list of vertices."""
    return [left, top, right, top, right, bottom, left, bottom]


def annotation(number: int, category: int, segmentation, image: int = 1, **more) -> dict:
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "segmentation": segmentation,
        **more,
    }


def coco(file: Path, annotations: list[dict], names=("a.png",), categories=("cat", "dog")) -> Path:
    """A file of instances; images and categories are numbered from 1."""
    content = {
        "images": [
            {"id": i, "file_name": name, "height": HEIGHT, "width": WIDTH}
            for i, name in enumerate(names, 1)
        ],
        "categories": [{"id": i, "name": name} for i, name in enumerate(categories, 1)],
        "annotations": annotations,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))
    return file


def imported(form: str, source: Path, into: Path, workers: int = 1, **more) -> Path:
    """The folder of the split."""
    wanted = Wanted(source, **more)
    return import_labels(form, wanted, into, Console(file=io.StringIO()), workers)


def labels(split: Path) -> dict[str, np.ndarray]:
    """All labels of a split, read with Pillow, by their names."""
    folder = split / "labels"
    return {
        file.relative_to(folder).as_posix(): np.array(Image.open(file))
        for file in sorted(folder.rglob("*.png"))
    }


def label(split: Path) -> np.ndarray:
    """The only label of a split."""
    (found,) = labels(split).values()
    return found


def pairs(flat):
    return [flat[at : at + 2] for at in range(0, len(flat), 2)]


def labelme(folder, shapes, name="a", path="a.png", **more):
    folder.mkdir(exist_ok=True)
    content = {"shapes": shapes, "imagePath": path, "imageHeight": HEIGHT, "imageWidth": WIDTH}
    (folder / f"{name}.json").write_text(json.dumps({**content, "imageData": "...", **more}))
    return images(folder, "a.png")


def shape(name, points, kind="polygon", **more):
    return {"label": name, "points": points, "shape_type": kind, **more}


CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><job><labels><label><name>car</name></label><label><name>road</name></label></labels></job></meta>
  <image id="0" name="sub/a.png" width="16" height="12">{shapes}</image>
</annotations>
"""


def cvat(tmp_path, shapes):
    (tmp_path / "annotations.xml").write_text(CVAT.format(shapes=shapes), "utf-8")
    images(tmp_path, "sub/a.png")
    return tmp_path / "annotations.xml"
