"""An import is whole or not there, is kept where it is the same, and trains like its source."""

import json
import os

import numpy as np
import pytest
import torch
from annotations import annotation, coco, images, imported, labels, rectangle, rle
from compositions import composed
from hydra.utils import instantiate
from PIL import Image
from written import PUBLISHED_CAMVID, camvid

from segadapt.cli.import_labels import import_labels as command
from segadapt.data.datasets.camvid import CamVid
from segadapt.data.imports import importing
from segadapt.data.sampling import StepBatchSampler
from segadapt.data.transport import collate

BOX = [rectangle(3, 2, 9, 7)]


@pytest.fixture
def source(tmp_path):
    images(tmp_path, "a.png", "b.png")
    return coco(tmp_path / "s.json", [annotation(1, 1, BOX)], ("a.png", "b.png"))


def content(folder):
    """Every file with its bytes and time."""
    return {
        file.relative_to(folder).as_posix(): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_the_same_import_is_verified_and_kept(source, tmp_path):
    imported("coco", source, tmp_path / "data")
    before = content(tmp_path / "data")
    imported("coco", source, tmp_path / "data")
    assert content(tmp_path / "data") == before
    assert set(before) == {
        "classes.yaml",
        *(f"train/{name}" for name in ("import.json", "images/a.png", "images/b.png")),
        *(f"train/labels/{name}" for name in ("a.png", "b.png")),
    }


def test_another_import_into_the_same_split_is_refused(source, tmp_path):
    imported("coco", source, tmp_path / "data")
    before = content(tmp_path / "data")
    with pytest.raises(
        ValueError, match="holds an earlier import that differs in overlap; nothing was"
    ):
        imported("coco", source, tmp_path / "data", overlap="area")
    coco(source, [annotation(2, 1, BOX)], ("a.png", "b.png"))
    with pytest.raises(
        ValueError, match=r"train holds an earlier import that differs in source; .*split=NAME"
    ):
        imported("coco", source, tmp_path / "data")
    assert content(tmp_path / "data") == before


@pytest.mark.parametrize("name", ["labels/a.png", "images/b.png"])
@pytest.mark.parametrize("gone", [False, True])
def test_an_import_that_was_changed_is_named(source, tmp_path, name, gone):
    file = imported("coco", source, tmp_path / "data") / name
    before = file.read_bytes()
    file.unlink()
    if not gone:
        file.write_bytes(before + b"0")
    with pytest.raises(ValueError, match=f"{name} is missing or was changed after the import"):
        imported("coco", source, tmp_path / "data")


def test_a_further_split_has_the_same_classes(source, tmp_path):
    imported("coco", source, tmp_path / "data")
    imported("coco", source, tmp_path / "data", split="val")
    assert {path.name for path in (tmp_path / "data").iterdir()} == {"classes.yaml", "train", "val"}
    other = coco(tmp_path / "o.json", [], ("a.png",), ("cow",))
    with pytest.raises(ValueError, match=r"lists the classes background, cat, dog, but the source"):
        imported("coco", other, tmp_path / "data", split="test")
    assert not (tmp_path / "data" / "test").exists()


def test_a_folder_of_something_else_is_left_alone(source, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"exists and has no classes\.yaml of an import"):
        imported("coco", source, tmp_path / "data")
    (tmp_path / "data" / "train").mkdir()
    with pytest.raises(ValueError, match="holds files that are not of an import"):
        imported("coco", source, tmp_path / "data")
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["notes.txt", "train"]


def test_an_import_that_fails_leaves_nothing(source, tmp_path):
    (tmp_path / "b.png").unlink()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ValueError, match=r"image 2: image .*b\.png does not exist; correct "):
        imported("coco", source, tmp_path / "data")
    assert sorted(tmp_path.iterdir()) == before


def test_what_a_killed_import_has_left_is_removed(source, tmp_path):
    gone, other = (tmp_path / f".data.partial-{pid}" for pid in (2**22 + 1, os.getppid()))
    for folder in (gone, other):
        (folder / "train").mkdir(parents=True)
    imported("coco", source, tmp_path / "data")
    assert not gone.exists()
    assert other.exists()  # somebody is at it


@pytest.mark.slow
def test_processes_write_the_same_bytes(source, tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "FEW", 0)
    one = imported("coco", source, tmp_path / "one")
    two = imported("coco", source, tmp_path / "two", workers=2)
    first, second = ({name: b for name, (b, _) in content(split).items()} for split in (one, two))
    assert first == second


def test_the_command_takes_words_and_names_what_is_missing(source, tmp_path, capsys):
    words = ["format=coco", f"source={source}", f"into={tmp_path / 'data'}", "background=null"]
    command(words)
    out = capsys.readouterr().out
    assert "train: 2 images, 2 classes, 92.19 % of the pixels ignored" in out
    assert "data=folder data.root=" in out
    with pytest.raises(ValueError, match=r"into= is missing\. Write: format=coco source=FILE"):
        command(words[:2])
    with pytest.raises(ValueError, match=r"Unknown format 'via'\. Available: coco, labelme, voc,"):
        command(["format=via", *words[1:]])


def as_coco(root, split, file):
    """A split of CamVid as COCO instances: run lengths of each class of an image."""
    nodes, listed = [], []
    for number, label in enumerate(sorted((root / f"{split}annot").glob("*.png")), 1):
        (image,) = (root / split).glob(f"{label.stem}.*")
        numbers = np.array(Image.open(label))
        height, width = numbers.shape
        listed.append({"id": number, "file_name": image.name, "height": height, "width": width})
        for k in set(numbers.ravel().tolist()) - {11}:
            nodes.append(annotation(len(nodes) + 1, k + 1, rle(numbers == k), number))
    categories = [{"id": k, "name": name} for k, name in enumerate(CamVid.classes, 1)]
    file.write_text(json.dumps({"images": listed, "categories": categories, "annotations": nodes}))
    return file


def modules(root, data, side):
    """The data modules of CamVid as it is and as it was imported."""
    small = [f"data.crop=[{side},{side}]", "data.scale=[56,40]", "data.batch_size=4", "seed=3"]
    if root == PUBLISHED_CAMVID:
        small[1] = "data.scale=[480,360]"
    both = (
        ["data=camvid", f"data.root={root}"],
        ["data=folder", f"data.root={data}", "data.num_classes=11"],
    )
    return [instantiate(composed(*words, *small).data.module) for words in both]


def check_same(root, tmp_path, side, steps):
    for split in ("train", "val"):
        source = as_coco(root, split, tmp_path / f"{split}.json")
        found = imported(
            "coco",
            source,
            tmp_path / "data",
            images=root / split,
            split=split,
            background=None,
        )
        for name, label in labels(found).items():
            expected = np.array(Image.open(root / f"{split}annot" / name))
            assert (label == np.where(expected == 11, 255, expected)).all(), name
    one, other = modules(root, tmp_path / "data", side)
    assert one.classes == other.classes
    assert (len(one.train), len(one.val)) == (len(other.train), len(other.val))
    for keys in StepBatchSampler(len(one.train), 4, 3, steps):
        first, second = (collate([data.train[key] for key in keys]) for data in (one, other))
        assert torch.equal(first.image, second.image)
        assert torch.equal(first.mask, second.mask)
    assert torch.equal(one.val[0].image, other.val[0].image)
    assert torch.equal(one.val[0].mask, other.val[0].mask)


def test_a_small_camvid_imported_gives_the_same_batches(tmp_path):
    check_same(camvid(tmp_path / "camvid"), tmp_path, 32, 5)


@pytest.mark.slow
@pytest.mark.skipif(
    not PUBLISHED_CAMVID.is_dir(), reason="SEGADAPT_CAMVID does not name a folder with CamVid"
)
def test_camvid_imported_gives_the_same_labels_and_batches(tmp_path):
    check_same(PUBLISHED_CAMVID, tmp_path, 360, 8)
