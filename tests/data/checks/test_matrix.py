"""Data sets as people bring them: what check-data passes trains, and it passes what is right."""

import io
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from compositions import composed
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from rich.console import Console
from written import blocks, picture, write

from segadapt.data.checks.check_dataset import check
from segadapt.data.checks.quick_check import look_at
from segadapt.data.transport import collate

SPLITS = {"train": range(4), "val": range(4, 6)}
SIDE = 16


class Made:
    """A data set on disk, as it is right: a case changes the arrays or how they are written."""

    def __init__(self, root: Path) -> None:
        self.root, self.words = root, ["data.classes=[a,b,c]", "data.num_classes=3"]
        self.images = {i: picture(SIDE, SIDE, i) for i in range(6)}
        self.labels = {i: blocks(SIDE, SIDE, 3, i) for i in range(6)}
        for label in self.labels.values():
            label[:2, :3] = [0, 1, 2]
        self.image, self.label = "{split}/images/{i}.png", "{split}/labels/{i}.png"

    def save(self) -> "Made":
        for split, numbers in SPLITS.items():
            for i in numbers:
                for name, arrays in ((self.image, self.images), (self.label, self.labels)):
                    _save(self.root / name.format(split=split, i=i), arrays[i])
        return self


def _save(file: Path, array: np.ndarray) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".npy":
        np.save(file, array)
    elif array.dtype == np.uint16 or file.suffix == ".tif":
        assert cv2.imwrite(str(file), array[..., ::-1] if array.ndim == 3 else array)
    else:
        write(file, array)


def each(change):
    """A case that changes every image and label."""

    def case(made: Made) -> None:
        for i in range(6):
            made.images[i], made.labels[i] = change(made.images[i], made.labels[i])

    return case


def layout(image, label, *words):
    def case(made: Made) -> None:
        made.image, made.label = image, label
        made.words += words

    return case


def also(*words, image=None, change=None):
    """A case with further settings."""

    def case(made: Made) -> None:
        made.words += words
        made.image = image or made.image
        if change is not None:
            each(change)(made)

    return case


def after(change):
    """A case that changes the files when they are there."""

    def case(made: Made) -> None:
        made.save()
        change(made.root)
        made.save = lambda: made  # type: ignore[method-assign]

    return case


def copied(root):
    content = (root / "train/images/0.png").read_bytes()
    (root / "val/images/5.png").write_bytes(content)


def swapped(root):
    for split in SPLITS:
        (root / split / "images").rename(root / split / "x")
        (root / split / "labels").rename(root / split / "images")
        (root / split / "x").rename(root / split / "labels")


def listed(root):
    rows = [
        f"{split}/images/{i}.png,{split}/labels/{i}.png,{split}\r\n"
        for split, numbers in SPLITS.items()
        for i in numbers
    ]
    (root / "list.csv").write_text("".join(rows))


def spoilt(name, content=b""):
    return after(lambda root: (root / name).write_bytes(content))


def cut(name):
    def shorten(root):
        file = root / name
        file.write_bytes(file.read_bytes()[:-30])

    return after(shorten)


def gone(name):
    return after(lambda root: (root / name).unlink())


def grey_swapped(made: Made) -> None:
    """Swapped folders that a reader of labels takes: many grey levels, each declared a class."""
    made.words[:] = [f"data.classes=[{','.join(f'c{k}' for k in range(200))}]"]
    made.words += ["data.num_classes=200", "data.channels=1", "data.mean=[0.5]", "data.std=[0.5]"]
    for i in range(6):
        grey = (picture(SIDE, SIDE, i)[..., 0] % 200).astype(np.uint8)
        made.images[i], made.labels[i] = made.labels[i][..., None].repeat(1, 2)[..., 0], grey


SIX = ("data.channels=6", "data.mean=[.5,.5,.5,.5,.5,.5]", "data.std=[.5,.5,.5,.5,.5,.5]")
GREY = ("data.channels=1", "data.mean=[0.5]", "data.std=[0.2]")
DEEP = ("data.depth=16", "data.mean=[.5,.5,.5]", "data.std=[.2,.2,.2]")
RULES = ("data.image='{split}-{name}.png'", "data.label='{split}-{name}-m.png'")

RIGHT = {
    "as documented": lambda made: None,
    "masks": layout("{split}/images/{i}.png", "{split}/masks/{i}.png"),
    "annotations": layout("{split}/images/{i}.png", "{split}/annotations/{i}.png"),
    "suffix": layout("{split}/images/{i}.png", "{split}/masks/{i}_mask.png"),
    "splits below": layout("images/{split}/{i}.png", "labels/{split}/{i}.png"),
    "training": layout("images/{split}ing/{i}.png", "labels/{split}ing/{i}.png", "splits=[train]"),
    "nested": layout("{split}/images/a/{i}.png", "{split}/labels/a/{i}.png"),
    "mixed": layout("{split}/{i}.png", "{split}/{i}_mask.png"),
    "mixed by suffix": layout("{split}/{i}.jpg", "{split}/{i}.png"),
    "brackets": layout("{split}/images/[{i}] ü (1).png", "{split}/labels/[{i}] ü (1).png"),
    "rules": layout("{split}-{i}.png", "{split}-{i}-m.png", *RULES),
    "list": after(listed),
    "drawn": layout("images/{i}.png", "masks/{i}.png", "data.split={val:0.34}"),
    "drawn by prefix": layout(
        "images/p{i}_0.png", "masks/p{i}_0.png", "data.split={val:0.34,by:name-prefix}"
    ),
    "bmp": also(image="{split}/images/{i}.bmp"),
    "webp": also(image="{split}/images/{i}.webp"),
    "jpeg": also(image="{split}/images/{i}.jpg"),
    "tiff": also(image="{split}/images/{i}.tif"),
    "npy": also(image="{split}/images/{i}.npy"),
    "16 bits of 8": each(lambda image, label: (image.astype(np.uint16) * 257, label)),
    "16 bits": also(
        *DEEP,
        "data.range=[0,4095]",
        change=lambda image, label: (image.astype(np.uint16) * 16, label),
    ),
    "floats": also(
        *(word.replace("16", "float") for word in DEEP),
        "data.range=[0,1]",
        image="{split}/images/{i}.npy",
        change=lambda image, label: (image / np.float32(255), label),
    ),
    "grey": also(*GREY, change=lambda image, label: (image[..., 0], label)),
    "grey as rgb": each(lambda image, label: (image[..., 0], label)),
    "alpha": each(lambda image, label: (np.dstack([image, image[..., 0]]), label)),
    "six channels": also(
        *SIX,
        image="{split}/images/{i}.npy",
        change=lambda image, label: (np.dstack([image] * 2), label),
    ),
    "from one": also(
        "data.first_label=1", "data.ignored=[0]", change=lambda image, label: (image, label + 1)
    ),
    "some ignored": each(
        lambda image, label: (image, np.where(label == 2, 255, label).astype("u1"))
    ),
    "half ignored": each(
        lambda image, label: (image, np.where(np.arange(SIDE) % 2, 255, label).astype("u1"))
    ),
    "shared, allowed": after(copied),
    "system files": spoilt("train/images/._0.png"),
    "notes beside": spoilt("train/images/notes.txt", b"x"),
}

WRONG = {
    "no folder": layout("{split}/pictures/{i}.png", "{split}/x/{i}.png"),
    "no split": layout("images/{i}.png", "masks/{i}.png"),
    "two folders": after(lambda root: (root / "train/masks").mkdir()),
    "image alone": gone("train/labels/0.png"),
    "label alone": gone("val/images/5.png"),
    "empty image": spoilt("train/images/1.png"),
    "empty label": spoilt("train/labels/1.png"),
    "cut image": cut("train/images/2.png"),
    "cut label": cut("val/labels/4.png"),
    "text": spoilt("train/images/0.png", b"hello"),
    "masks of 0 and 255": each(
        lambda image, label: (image, np.where(label > 0, 255, 0).astype(np.uint8))
    ),
    "one class": each(lambda image, label: (image, label * 0)),
    "all ignored": each(lambda image, label: (image, label * 0 + 255)),
    "most ignored": each(
        lambda image, label: (
            image,
            np.where(np.arange(SIDE)[:, None] < 3, label, 255).astype("u1"),
        )
    ),
    "number too high": each(lambda image, label: (image, label + 1)),
    "colours": each(lambda image, label: (image, np.dstack([label] * 3))),
    "other size": each(lambda image, label: (image, label[:8])),
    "swapped": after(swapped),
    "swapped in grey": grey_swapped,
    "shared": after(copied),
    "all the same": each(lambda image, label: (picture(SIDE, SIDE), label)),
    "12 bits in 16": each(lambda image, label: (image.astype(np.uint16) * 16, label)),
    "too wide a range": also(
        *DEEP,
        "data.range=[0,65535]",
        change=lambda image, label: (image.astype(np.uint16) * 16, label),
    ),
    "no range": also(*DEEP, change=lambda image, label: (image.astype(np.uint16), label)),
    "nan": also(
        *(word.replace("16", "float") for word in DEEP),
        "data.range=[0,1]",
        image="{split}/images/{i}.npy",
        change=lambda image, label: (image * np.float32("nan"), label),
    ),
    "six as three": also(
        image="{split}/images/{i}.npy", change=lambda image, label: (np.dstack([image] * 2), label)
    ),
    "three as six": also(*SIX),
    "rule without split": layout(
        "{split}/{i}.png",
        "{split}/{i}_m.png",
        "data.image='{name}.png'",
        "data.label='{name}_m.png'",
    ),
    "no list": also("data.list=no.csv"),
    "list without files": after(lambda root: (root / "list.csv").write_text("a,b,train\n")),
    "nothing left": layout("images/{i}.png", "masks/{i}.png", "data.split={val:0.9,test:0.2}"),
    "names twice": also("data.classes=[a,a,b]"),
}


def made_config(tmp_path, cases, name):
    made = Made(tmp_path / "set")
    cases[name](made)
    made.save()
    words = list(made.words)
    if "list" in name and "no list" not in name:
        words.append("data.list=list.csv")
    if name == "shared, allowed":
        words.append("data.allow=[shared_files]")
    small = ["samples=1", "data.crop=[16,16]", "data.scale=[16,16]", "data.num_workers=0"]
    return composed(
        "data=folder", f"data.root={made.root}", f"out={tmp_path}/out", *small, *words,
        name="check_data",
    )  # fmt: skip


def passes(cfg):
    """Whether check-data finds nothing; figures are not drawn."""
    try:
        return check(cfg, Console(file=io.StringIO())) == 0
    except (ValueError, InstantiationException):
        return False


def refusal(cfg, tmp_path):
    """What the look before a training refuses, or loading; None where every image makes a batch."""
    module = cfg.data.module
    try:
        parts = {name: instantiate(module[name]) for name in ("train", "val")}
        look_at(parts, tmp_path / "cache", "train", allow=tuple(cfg.data.allow))
        for part in parts.values():
            batch = collate([part[(i, i)] for i in range(len(part))])
            assert batch.image.isfinite().all()
    except (ValueError, InstantiationException) as error:
        return str(error.__cause__ or error)
    return None


FAST = {
    *("as documented", "suffix", "drawn by prefix", "tiff", "floats", "shared, allowed"),
    *("label alone", "masks of 0 and 255", "most ignored", "swapped", "swapped in grey", "shared"),
    *("all the same", "too wide a range", "rule without split"),
}
"""Cases of the default suite; each takes a third of a second."""

SENTENCES = {
    "no split": r"draw the split with data\.split=",
    "two folders": "could both be meant",
    "image alone": "have no label of the same name",
    "label alone": "have no image of the same name",
    "masks of 0 and 255": "hold only 0 and 255",
    "one class": "hold pixels of a only",
    "most ignored": r"81 % of the pixels .*data\.allow=\[ignored\]",
    "swapped": r"as if the folders were swapped",
    "swapped in grey": r"as if the folders were swapped .*data\.allow=\[swapped\]",
    "shared": r"1 images of the train split are in the val split.*data\.allow=\[shared_files\]",
    "all the same": r"all 4 train images are the same file.*data\.allow=\[same_images\]",
    "12 bits in 16": "images are read with 8; set data.depth=16",
    "too wide a range": r"nearly black in data\.range=\[0, 65535\].*data\.allow=\[range\]",
    "three as six": "has 3 channels and data.channels=6",
    "nothing left": "leaves nothing to train on",
}
"""What the look before a training says."""


def named(cases):
    return [pytest.param(n, marks=() if n in FAST else pytest.mark.slow) for n in cases]


@pytest.fixture(autouse=True)
def no_figures(monkeypatch):
    monkeypatch.setattr("segadapt.data.checks.check_dataset.write", lambda *_: None)


@pytest.mark.parametrize("name", named(RIGHT))
def test_what_is_right_passes_and_trains(tmp_path, name):
    cfg = made_config(tmp_path, RIGHT, name)
    assert passes(cfg)
    if name != "training":  # has the training split alone
        assert refusal(cfg, tmp_path) is None


@pytest.mark.parametrize("name", named(WRONG))
def test_what_is_wrong_neither_passes_nor_trains(tmp_path, name):
    cfg = made_config(tmp_path, WRONG, name)
    assert not passes(cfg)
    assert re.search(SENTENCES.get(name, "."), refusal(cfg, tmp_path) or "")
