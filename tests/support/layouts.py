"""Small data sets in the layouts in which the real ones are published, with their numbers.

python tests/support/layouts.py NAME ROOT writes one, to try a command without any download.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat
from written import blocks, camvid, picture, write

UNUSED = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83, 91}
"""Numbers that COCO's list of 182 skips: street sign, hat, shoe, eye glasses, plate, mirror,
window, desk, door, blender, hair brush."""

COCO = [number for number in range(1, 183) if number not in UNUSED]

HEIGHT, WIDTH = 48, 64


def values(numbers, seed):
    """A label map of 8 x 8 blocks of the given numbers."""
    return np.array(numbers)[blocks(HEIGHT, WIDTH, len(numbers), seed)].astype(np.uint8)


def image(file, seed):
    write(file, picture(HEIGHT, WIDTH, seed))


def ade20k(root: Path) -> Path:
    for seed, name in enumerate(["training/ADE_train_00000001", "training/ADE_train_00000002"]):
        image(root / f"images/{name}.jpg", seed)
        write(root / f"annotations/{name}.png", values(range(151), seed))
    image(root / "images/validation/ADE_val_00000001.jpg", 2)
    write(root / "annotations/validation/ADE_val_00000001.png", values([0, 1, 150], 2))
    for seed in (3, 4):
        image(root / f"images/testing/ADE_test_0000000{seed - 2}.jpg", seed)
    return root


def coco_stuff164k(root: Path) -> Path:
    for seed, name in enumerate(["train2017/000000000009", "train2017/000000000025"]):
        image(root / f"images/{name}.jpg", seed)
        write(root / f"annotations/{name}.png", values([*(n - 1 for n in COCO), 255], seed))
    image(root / "images/val2017/000000000139.jpg", 2)
    write(root / "annotations/val2017/000000000139.png", values([0, 181, 255], 2))
    return root


def coco_stuff10k(root: Path) -> Path:
    splits = {"train": ["COCO_train2014_000000000077", "COCO_train2014_000000000110"]}
    splits["test"] = ["COCO_train2014_000000000064"]
    for split, names in splits.items():
        for seed, name in enumerate(names):
            image(root / f"images/{name}.jpg", seed)
            label = values([0, *COCO] if split == "train" else [0, 1, 182], seed)
            file = root / f"annotations/{name}.mat"
            file.parent.mkdir(parents=True, exist_ok=True)
            others = {"names": np.array(["unlabeled", "person"], object), "captions": "a b"}
            savemat(file, {**others, "S": label.astype(np.uint16)}, do_compression=True)
        (root / "imageLists").mkdir(exist_ok=True)
        (root / f"imageLists/{split}.txt").write_text("\n".join(names) + "\n")
    return root


def pascal_context(root: Path) -> Path:
    splits = {"train": ["2008_000002", "2008_000003"], "val": ["2008_000007"]}
    for split, names in splits.items():
        for seed, name in enumerate(names):
            image(root / f"JPEGImages/{name}.jpg", seed)
            label = values(range(60) if split == "train" else [0, 1, 59], seed)
            write(root / f"SegmentationClassContext/{name}.png", label)
        write_list(root / f"ImageSets/SegmentationContext/{split}.txt", names)
    image(root / "JPEGImages/2007_000001.jpg", 9)  # of another task of VOC
    return root


def cityscapes(root: Path) -> Path:
    names = ["train/aachen/aachen_000000_000019", "train/bochum/bochum_000000_000313"]
    for seed, name in enumerate([*names, "val/lindau/lindau_000000_000019"]):
        write(root / f"leftImg8bit/{name}_leftImg8bit.png", picture(HEIGHT, WIDTH, seed))
        label = values(range(34), seed)
        write(root / f"gtFine/{name}_gtFine_labelIds.png", label)
        write(root / f"gtFine/{name}_gtFine_instanceIds.png", label.astype(np.uint16) * 1000)
        write(root / f"gtFine/{name}_gtFine_color.png", picture(HEIGHT, WIDTH))
        (root / f"gtFine/{name}_gtFine_polygons.json").write_text("{}")
    for seed, name in enumerate(
        ["test/berlin/berlin_000000_000019", "test/bonn/bonn_000031_000019"]
    ):
        write(root / f"leftImg8bit/{name}_leftImg8bit.png", picture(HEIGHT, WIDTH + seed, seed))
        empty = np.zeros((HEIGHT, WIDTH + seed), dtype=np.uint8)
        write(root / f"gtFine/{name}_gtFine_labelIds.png", empty)
    return root


def voc2012(root: Path) -> Path:
    splits = {"train": ["2007_000032", "2007_000039"], "val": ["2007_000033"]}
    for split, names in splits.items():
        for seed, name in enumerate(names):
            image(root / f"JPEGImages/{name}.jpg", seed)
            label = Image.fromarray(values([*range(21), 255], seed)).convert("P")
            label.putpalette(np.random.default_rng(0).integers(256, size=768).astype(np.uint8))
            file = root / f"SegmentationClass/{name}.png"
            file.parent.mkdir(exist_ok=True)
            label.save(file)
        write_list(root / f"ImageSets/Segmentation/{split}.txt", names)
    write_list(root / "ImageSets/Segmentation/trainval.txt", [*splits["train"], *splits["val"]])
    return root


def write_list(file, names):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{name}\n" for name in names))


LAYOUTS = {
    "ade20k": ade20k,
    "camvid": camvid,
    "cityscapes": cityscapes,
    "coco_stuff10k": coco_stuff10k,
    "coco_stuff164k": coco_stuff164k,
    "pascal_context59": pascal_context,
    "pascal_context60": pascal_context,
    "voc2012": voc2012,
}
"""Layouts by the names of ``data=``; all except camvid have two training images and one for
validation, and two have test images without labels."""


if __name__ == "__main__":
    print(LAYOUTS[sys.argv[1]](Path(sys.argv[2])))
