"""Folders as people bring them; the expected pairs are written out by hand."""

import shutil

import numpy as np
import pytest
from written import blocks, picture, write

from segadapt.data.files.layout import find
from segadapt.data.files.pairs import Incomplete
from segadapt.data.files.selection import Rules, select

PIXELS, LABEL = picture(4, 4), blocks(4, 4, 3)


def fill(root, *files):
    """Images where the name says jpg, webp or bmp, labels elsewhere."""
    for file in files:
        write(root / file, LABEL if file.endswith(".png") else PIXELS)
    return root


def names(root, split="train", **rules):
    selection = select(root, split, Rules(**rules))
    return [tuple(str(file.relative_to(root)) for file in pair) for pair in selection.pairs]


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("train/images/a.jpg", "train/labels/a.png"),
        ("train/images/a.jpg", "train/masks/a.png"),
        ("train/Images/a.JPG", "train/annotations/a.png"),
        ("train/images/a.jpg", "train/masks/a_mask.png"),
        ("images/train/a.jpg", "masks/train/a.png"),
        ("images/training/x/a.jpg", "annotations/training/x/a.png"),
        ("train/a.jpg", "train/a.png"),
        ("train/a.jpg", "train/a_label.png"),
        ("train/x/a b.jpg", "train/x/a b-mask.png"),
        ("train/a[1] (2) ü.jpg", "train/a[1] (2) ü_gt.png"),
    ],
)
def test_a_split_is_found_in_the_usual_places(tmp_path, image, label):
    assert names(fill(tmp_path, image, label)) == [(image, label)]


def test_images_and_labels_may_both_be_pngs(tmp_path):
    write(tmp_path / "train/a.png", PIXELS)
    write(tmp_path / "train/a_mask.png", LABEL)
    assert names(tmp_path) == [("train/a.png", "train/a_mask.png")]


@pytest.mark.parametrize(
    ("image", "label"), [("images/a.jpg", "masks/a.png"), ("a.jpg", "a.png"), ("a.jpg", "a_gt.png")]
)
def test_a_folder_without_splits_is_found(tmp_path, image, label):
    found = find(fill(tmp_path, image, label), None).pairs
    assert [(p.image, p.label) for p in found.values()] == [(tmp_path / image, tmp_path / label)]


def test_a_folder_without_splits_says_how_to_draw_one(tmp_path):
    fill(tmp_path, "images/a.jpg", "masks/a.png")
    with pytest.raises(
        ValueError, match=r"no folder of split 'train' .* holds images, masks\); draw the split"
    ):
        names(tmp_path)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (["train/images/a.jpg"], "has no folder of split 'train'"),
        (["train/images/a.jpg", "train/masks/a.png", "train/labels/a.png"], "both be meant"),
        (["train/a.jpg", "images/train/a.jpg", "train/a.png", "masks/train/a.png"], "both be me"),
        (["train/a.jpg", "train/a_gt.png", "train/a_mask.png"], "end in _gt and in _mask; choose"),
        (["train/a.jpg", "train/b.jpg"], "do not distinguish images from labels; describe"),
        (["train/images/a.jpg", "train/images/a.webp", "train/masks/a.png"], "share a name"),
    ],
)
def test_what_is_unclear_is_refused_with_the_way_out(tmp_path, files, sentence):
    with pytest.raises(ValueError, match=sentence):
        names(fill(tmp_path, *files))


@pytest.mark.parametrize("place", ["train/{}/", "train/"])
def test_what_is_alone_is_named(tmp_path, place):
    images, labels = place.format("images"), place.format("masks")
    fill(tmp_path, f"{images}a.jpg", f"{images}b.jpg", f"{labels}a.png", f"{labels}c.png")
    with pytest.raises(Incomplete) as refusal:
        names(tmp_path)
    assert [file.rpartition("/")[2] for file in refusal.value.files] == ["b.jpg", "c.png"]


def test_what_is_not_used_is_counted_and_named(tmp_path):
    fill(tmp_path, "train/images/a.jpg", "train/masks/a.png", "train/images/._a.jpg")
    (tmp_path / "train/images/Thumbs.db").write_bytes(b"x")
    (tmp_path / "train/masks/a.json").write_text("{}")
    (note,) = select(tmp_path, "train", Rules()).notes
    assert note == (
        f"files that are not used in {tmp_path}/train/images: 1 (1 .json; a.json) and "
        "2 hidden or of the system (._a.jpg, Thumbs.db)"
    )


def test_where_all_is_used_nothing_is_said(tmp_path):
    fill(tmp_path, "train/images/a.jpg", "train/masks/a.png")
    assert select(tmp_path, "train", Rules()).notes == []


RULE = {"image": "{split}/{name}.jpg", "label": "gt/{split}/{name}_x.png"}


def test_rules_choose_the_files(tmp_path):
    fill(tmp_path, "train/a.jpg", "gt/train/a_x.png", "train/s/b.jpg", "gt/train/s/b_x.png")
    fill(tmp_path, "val/c.jpg", "gt/val/c_x.png")
    assert names(tmp_path, **RULE) == [
        ("train/a.jpg", "gt/train/a_x.png"),
        ("train/s/b.jpg", "gt/train/s/b_x.png"),
    ]
    assert names(tmp_path, "val", **RULE) == [("val/c.jpg", "gt/val/c_x.png")]


@pytest.mark.parametrize(
    ("image", "label", "files"),
    [
        ("{name}.png", "{name}_m.png", ("a.png", "a_m.png")),
        ("{name}_i.png", "{name}.png", ("a_i.png", "a.png")),
        ("({name}]+.png", "({name}]+$.png", ("(a]+.png", "(a]+$.png")),
    ],
)
def test_a_file_belongs_to_the_rule_that_fixes_more(tmp_path, image, label, files):
    for file in files:
        write(tmp_path / file, LABEL)
    write(tmp_path / files[0].replace("a", "b"), LABEL)
    write(tmp_path / files[1].replace("a", "b"), LABEL)
    chosen = names(tmp_path, image=image, label=label, partition={"val": 0.5})
    assert chosen in ([files], [tuple(file.replace("a", "b") for file in files)])


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ({"image": "{name}.jpg"}, "data.label is missing; set data.image and data.label"),
        ({**RULE, "image": "{split}/a.jpg"}, r"must hold \{name\} once; write a path"),
        ({**RULE, "image": "{split}/{stem}/{name}.jpg"}, r"\{stem\} has no meaning"),
        ({**RULE, "label": "../{split}/{name}.png"}, "is not a path below data.root"),
        ({**RULE, "label": "/x/{split}/{name}.png"}, "is not a path below data.root"),
        ({**RULE, "label": "{split}/{name}.json"}, "must end in one of .png, "),
        ({**RULE, "label": "masks/{split}/{name}.png"}, "folder not found: .*masks/train; correct"),
        (
            {"image": "{name}.jpg", "label": "{name}.png"},
            "do not say which files belong to",
        ),
        ({**RULE, "partition": {"val": 0.5}}, r"holds \{split\}, but data.split or data.list"),
        ({**RULE, "image": "{split}/{name}.webp"}, "no file in .*train matches data.image="),
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused(tmp_path, rules, sentence):
    fill(tmp_path, "train/a.jpg", "gt/train/a_x.png")
    with pytest.raises(ValueError, match=sentence):
        names(tmp_path, **rules)


def test_accents_may_be_spelt_in_two_ways(tmp_path):
    fill(tmp_path, "train/u\u0308.jpg", "gt/train/\u00fc_x.png")
    assert len(names(tmp_path, **RULE)) == 1
    shutil.rmtree(tmp_path / "train")
    fill(tmp_path, "train/images/u\u0308.jpg", "train/masks/\u00fc.png")
    assert len(names(tmp_path)) == 1


@pytest.mark.parametrize("twice", ["train/{}.jpg", "gt/train/{}_x.png"])
def test_two_spellings_of_one_name_in_a_folder_are_refused(tmp_path, twice):
    fill(tmp_path, "train/u\u0308.jpg", "gt/train/u\u0308_x.png", twice.format("\u00fc"))
    with pytest.raises(ValueError, match=r"train/.* and .*train/.* share a name; remove one"):
        names(tmp_path, **RULE)


def test_labels_may_be_arrays(tmp_path):
    fill(tmp_path, "train/images/a.jpg")
    (tmp_path / "train/masks").mkdir()
    np.save(tmp_path / "train/masks/a.npy", LABEL)
    assert names(tmp_path) == [("train/images/a.jpg", "train/masks/a.npy")]
