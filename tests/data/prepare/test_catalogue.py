import re

import pytest

from segadapt.data.datasets.ade20k import ADE20K
from segadapt.data.prepare.catalogue import RECIPES

NAMES = (
    *("ade20k", "ade20k_full", "coco_stuff164k", "coco_stuff10k", "pascal_context59"),
    *("pascal_context60", "pascal_context459", "cityscapes", "voc2012", "camvid"),
)
NUMBERS = {  # of the papers and mmsegmentation's documents
    "ade20k": {"images/training": 20210, "annotations/validation": 2000},
    "ade20k_full": {"images_detectron2/training": 25574, "annotations_detectron2/validation": 2000},
    "pascal_context459": {"trainval": 10103},
    "coco_stuff164k": {"images/train2017": 118287, "annotations/val2017": 5000},
    "coco_stuff10k": {"images": 10000, "annotations": 10000},
    "cityscapes": {"leftImg8bit/train": 2975, "gtFine/val": 500},
    "camvid": {"train": 367, "valannot": 101, "test": 233},
}
LENGTHS = {"md5": 32, "sha1": 40}


def test_has_the_data_sets_of_the_readers():
    assert tuple(RECIPES) == NAMES


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_the_published_ones(name):
    found = {f.target: f.number for source in RECIPES[name].sources for f in source.folders}
    assert {target: found[target] for target in NUMBERS[name]} == NUMBERS[name]


def test_test_images_lie_where_the_reader_looks_for_them():
    (folder,) = (folder for source in RECIPES["ade20k"].test for folder in source.folders)
    place = ADE20K.unlabelled["test"]
    assert (folder.target, folder.suffix, folder.number) == place
    assert [name for name in NAMES if RECIPES[name].test] == ["ade20k"]


@pytest.mark.parametrize("name", NAMES)
def test_recipes_are_consistent(name):
    for source in (*RECIPES[name].sources, *RECIPES[name].test):
        for address in source.addresses:
            assert re.fullmatch(r"https?://[\w.-]+/[\w./~-]+", address)
        if source.checksum:
            assert re.fullmatch(
                f"[0-9a-f]{{{LENGTHS[source.checksum.kind]}}}", source.checksum.digest
            )
        targets = [folder.target for folder in source.folders]
        assert len(targets) == len(set(targets)) > 0


def test_torchvision_agrees_on_pascal_voc():
    voc = pytest.importorskip("torchvision.datasets.voc").DATASET_YEAR_DICT
    for name, year in (("voc2012", "2012"), ("pascal_context59", "2010")):
        source = RECIPES[name].sources[0]
        assert source.name == voc[year]["filename"]
        assert source.checksum is not None
        assert source.checksum.digest == voc[year]["md5"]
        assert voc[year]["url"] in source.addresses
        assert source.folders[0].source == f"{voc[year]['base_dir']}/JPEGImages"
