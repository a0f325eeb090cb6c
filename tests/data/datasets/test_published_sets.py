"""The published data sets, each read from its true layout, label values included."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from compositions import composed
from hydra.utils import instantiate
from layouts import COCO, HEIGHT, LAYOUTS, WIDTH, values
from PIL import Image
from scipy.io import loadmat
from written import write

from segadapt.data.datasets.ade20k import ADE20K
from segadapt.data.datasets.cityscapes import Cityscapes
from segadapt.data.datasets.coco_stuff import COCOStuff10K, COCOStuff164K
from segadapt.data.datasets.pascal_context import PascalContext59, PascalContext60
from segadapt.data.datasets.voc2012 import VOC2012
from segadapt.data.transforms.pipelines import EvalTransform

CITY = {7: "road", 8: "sidewalk", 11: "building", 12: "wall", 13: "fence", 17: "pole"}
CITY |= {19: "traffic light", 20: "traffic sign", 21: "vegetation", 22: "terrain", 23: "sky"}
CITY |= {24: "person", 25: "rider", 26: "car", 27: "truck", 28: "bus", 31: "train"}
CITY |= {32: "motorcycle", 33: "bicycle"}  # cityscapesScripts' table of labels

NAMED = {
    "ade20k": {1: "wall", 2: "building", 13: "person", 21: "car", 150: "flag"},
    "coco_stuff164k": {0: "person", 10: "fire hydrant", 12: "stop sign", 89: "toothbrush"}
    | {91: "banner", 181: "wood"},
    "coco_stuff10k": {1: "person", 11: "fire hydrant", 13: "stop sign", 90: "toothbrush"}
    | {92: "banner", 182: "wood"},
    "pascal_context59": {1: "aeroplane", 37: "person", 59: "wood"},
    "pascal_context60": {0: "background", 1: "aeroplane", 37: "person", 59: "wood"},
    "cityscapes": CITY,
    "voc2012": {0: "background", 1: "aeroplane", 15: "person", 20: "tvmonitor"},
}
"""What numbers on disk mean, from the sets' own documents."""

READERS = {
    "ade20k": ADE20K,
    "coco_stuff164k": COCOStuff164K,
    "coco_stuff10k": COCOStuff10K,
    "pascal_context59": PascalContext59,
    "pascal_context60": PascalContext60,
    "cityscapes": Cityscapes,
    "voc2012": VOC2012,
}

IMAGES = {
    "ade20k": (20_210, 2_000),
    "coco_stuff164k": (118_287, 5_000),
    "coco_stuff10k": (9_000, 1_000),
    "pascal_context59": (4_996, 5_104),
    "pascal_context60": (4_996, 5_104),
    "cityscapes": (2_975, 500),
    "voc2012": (1_464, 1_449),
}

NUMBERS = {
    "ade20k": (150, [512, 512], [2048, 512], 160_000),
    "coco_stuff164k": (171, [512, 512], [2048, 512], 160_000),
    "coco_stuff10k": (171, [512, 512], [2048, 512], 80_000),
    "pascal_context59": (59, [480, 480], [520, 520], 80_000),
    "pascal_context60": (60, [480, 480], [520, 520], 80_000),
    "cityscapes": (19, [512, 1024], [2048, 1024], 80_000),
    "voc2012": (21, [512, 512], [2048, 512], 20_000),
}

SETS = sorted(READERS)
FILE = Path("a.png")


def expected(name, raw):
    """Train ids as mmsegmentation's converters and ``reduce_zero_label`` make them."""
    table = np.full(256, 255)
    match name:
        case "ade20k" | "pascal_context59":
            table[1:255] = np.arange(254)
        case "coco_stuff10k":
            table[COCO] = np.arange(171)
        case "coco_stuff164k":
            table[np.array(COCO) - 1] = np.arange(171)
        case "cityscapes":
            table[sorted(CITY)] = np.arange(19)
        case _:
            table = np.arange(256)
    return table[raw]


def raw_label(file):
    """As other libraries read it."""
    if file.suffix == ".mat":
        return loadmat(file)["S"]
    with Image.open(file) as image:
        return np.asarray(image)


def published(name, root, split="train"):
    return READERS[name](LAYOUTS[name](root), split, EvalTransform())


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("split", ["train", "val"])
def test_labels_of_each_layout_become_the_train_ids(name, split, tmp_path):
    dataset = published(name, tmp_path / name, split)
    assert len(dataset) == {"train": 2, "val": 1}[split]
    for i, pair in enumerate(dataset.files):
        raw = raw_label(pair.label)
        np.testing.assert_array_equal(dataset[i].mask, expected(name, raw))
        assert dataset[i].image.shape == (3, HEIGHT, WIDTH)
        assert dataset[i].name == str(pair.image.relative_to(tmp_path / name))


@pytest.mark.parametrize("name", SETS)
def test_every_number_means_what_the_publishers_say(name):
    reader = READERS[name]
    for number, meaning in NAMED[name].items():
        found = reader.labels(np.array([[number]], dtype=np.uint8), FILE)
        assert reader.classes[int(found[0, 0])] == meaning


@pytest.mark.parametrize("name", SETS)
def test_submissions_hold_the_numbers_on_disk(name):
    contract = READERS[name].labels
    classes = np.arange(contract.num_classes, dtype=np.uint8)[None]
    numbers = contract.published(classes)
    np.testing.assert_array_equal(contract(numbers, FILE), classes)


@pytest.mark.parametrize("name", SETS)
def test_names_differ_and_colours_belong_to_them(name):
    reader = READERS[name]
    assert len(reader.classes) == len(set(reader.classes)) == reader.labels.num_classes
    assert all(each == each.strip() and each for each in reader.classes)
    assert reader.palette is None or len(reader.palette) == len(reader.classes)
    assert (reader.images["train"], reader.images["val"]) == IMAGES[name]


@pytest.mark.parametrize("name", SETS)
def test_the_yaml_builds_with_the_numbers_of_the_recipe(name, tmp_path):
    cfg = composed(f"data={name}", f"data.root={LAYOUTS[name](tmp_path)}", "seed=7")
    facts = cfg.data
    assert (facts.num_classes, facts.crop, facts.scale, facts.steps) == NUMBERS[name]
    assert facts.batch_size == (8 if name == "cityscapes" else 16)
    assert facts.steps % facts.eval_every == 0
    assert facts.pretrained
    module = instantiate(facts.module)
    assert len(module.classes) == facts.num_classes
    assert module.seed == module.train.seed == 7
    assert list(module.train[(0, 0)].image.shape) == [3, *facts.crop]
    longer, shorter = max(facts.scale), min(facts.scale)
    factor = min(longer / WIDTH, shorter / HEIGHT)
    size = [int(side * factor + 0.5) for side in (HEIGHT, WIDTH)]
    sample = module.val[0]
    assert list(sample.image.shape) == [3, *size]
    assert sample.mask.shape == (HEIGHT, WIDTH)


def test_ssa_rounds_the_sides_of_ade20k_up_to_32(tmp_path):
    overrides = ["data=ade20k", f"data.root={LAYOUTS['ade20k'](tmp_path)}", "data.multiple=32"]
    module = instantiate(composed(*overrides).data.module)
    assert module.val[0].image.shape == (3, 512, 704)  # 512 x 683 before
    assert module.val[0].mask.shape == (HEIGHT, WIDTH)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("ade20k", 255),  # 0 taken away already
        ("ade20k", 151),
        ("coco_stuff164k", 11),  # street sign, which no annotation has
        ("coco_stuff164k", 182),
        ("coco_stuff10k", 12),
        ("coco_stuff10k", 255),
        ("pascal_context59", 60),
        ("pascal_context60", 255),  # background taken away already
        ("cityscapes", 255),  # trainIds
        ("cityscapes", 34),
        ("voc2012", 21),
    ],
)
def test_numbers_of_another_version_are_refused(name, wrong):
    label = np.zeros((4, 4), np.uint8)
    label[0, :3] = wrong
    with pytest.raises(ValueError, match=rf"label a\.png holds {wrong} on 3 pixels"):
        READERS[name].labels(label, FILE)


def test_copies_that_other_tools_write_do_not_count(tmp_path):
    root = LAYOUTS["coco_stuff164k"](tmp_path)
    for file in list((root / "annotations").rglob("*.png")):
        write(file.with_name(f"{file.stem}_labelTrainIds.png"), values([0], 0))
    dataset = COCOStuff164K(root, "train", EvalTransform())
    assert [pair.label.name for pair in dataset.files] == ["000000000009.png", "000000000025.png"]


def test_voc_colours_are_those_of_its_files():
    assert VOC2012.palette[:3] == ((0, 0, 0), (128, 0, 0), (0, 128, 0))
    assert VOC2012.palette[15] == (192, 128, 128)
    assert VOC2012.palette[20] == (0, 64, 128)


@pytest.mark.parametrize("name", SETS)
def test_splits_that_do_not_exist_are_named(name, tmp_path):
    with pytest.raises(ValueError, match=r"Unknown split 'tset' of .*\. Available: train, val"):
        READERS[name](tmp_path, "tset", EvalTransform())


@pytest.mark.parametrize("name", SETS)
def test_a_root_that_does_not_exist_is_named(name, tmp_path):
    with pytest.raises(ValueError, match=r"not found: .*nowhere.*; set data\.root"):
        READERS[name](tmp_path / "nowhere", "train", EvalTransform())


@pytest.mark.parametrize("name", ["coco_stuff10k", "pascal_context59", "voc2012"])
def test_listed_images_without_a_file_are_named(name, tmp_path):
    dataset = published(name, tmp_path)
    dataset.files[1].label.unlink()
    words = r"1 file\(s\) named in .*train\.txt have no .*: " + name_of(dataset)
    with pytest.raises(ValueError, match=words):
        READERS[name](tmp_path, "train", EvalTransform())


def name_of(dataset):
    return dataset.files[1].image.stem


@pytest.mark.parametrize("name", ["ade20k", "coco_stuff164k", "cityscapes"])
def test_images_without_label_are_named(name, tmp_path):
    dataset = published(name, tmp_path)
    dataset.files[1].label.unlink()
    with pytest.raises(ValueError, match=r"1 file\(s\) have no label .*: .*" + name_of(dataset)):
        READERS[name](tmp_path, "train", EvalTransform())


def test_no_reader_needs_the_augmentation_library():
    modules = {reader.__module__ for reader in READERS.values()}
    for module in modules:
        assert "albumentations" not in vars(importlib.import_module(module))
