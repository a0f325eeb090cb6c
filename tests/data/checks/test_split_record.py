import json

import pytest
from written import blocks, picture, write

from segadapt.data.checks.split_record import check_record, version_of, write_record
from segadapt.data.datasets.folder import Folder
from segadapt.data.transforms.pipelines import EvalTransform


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "set"
    for i in range(6):
        write(root / f"images/{i}.png", picture(8, 8, i))
        write(root / f"masks/{i}.png", blocks(8, 8, 3, i))
    return root


def opened(root, split, **rules):
    return Folder(root, split, EvalTransform(), ["a", "b", "c"], "", **rules)


def splits(root, seed=0):
    drawn = {"val": 0.34, "seed": seed}
    return [opened(root, split, partition=drawn) for split in ("train", "val")]


def grown(root, first, last):
    for i in range(first, last):
        write(root / f"images/{i}.png", picture(8, 8, i))
        write(root / f"masks/{i}.png", blocks(8, 8, 3, i))


def drawn(root, *names):
    return [opened(root, name, partition={"val": 0.2, "test": 0.2, "seed": 5}) for name in names]


def test_the_same_files_pass_wherever_they_lie(root, tmp_path):
    record = tmp_path / "run/splits.json"
    write_record(record, splits(root))
    kept = json.loads(record.read_text())["splits"]
    assert {split: len(rows) for split, rows in kept.items()} == {"train": 4, "val": 2}
    moved = root.rename(tmp_path / "moved")
    check_record(record, splits(moved))
    check_record(record, splits(moved)[1:])


@pytest.mark.parametrize("change", ["new", "gone", "image", "label", "draw"])
def test_any_change_is_an_error(root, tmp_path, change):
    record, seed = tmp_path / "splits.json", 0
    write_record(record, splits(root))
    if change == "new":
        write(root / "images/9.png", picture(8, 8, 9))
        write(root / "masks/9.png", blocks(8, 8, 3, 9))
    elif change == "gone":
        (root / "images/0.png").unlink()
        (root / "masks/0.png").unlink()
    elif change == "image":
        write(root / "images/0.png", picture(8, 8, 99))
    elif change == "label":
        write(root / "masks/0.png", (blocks(8, 8, 3, 0) + 1) % 3)
    else:
        seed = 1
    with pytest.raises(
        ValueError, match=r"is not what the training had \(kept in .*splits\.json\)"
    ):
        check_record(record, splits(root, seed))


def test_a_folder_that_names_its_splits_needs_no_record(root, tmp_path):
    (root / "images").rename(root / "train")
    for i in range(6):
        (root / f"masks/{i}.png").rename(root / f"train/{i}_mask.png")
    write_record(tmp_path / "splits.json", [opened(root, "train")])
    assert not (tmp_path / "splits.json").exists()


@pytest.mark.parametrize("content", ["{}", '{"splits": {"val": [1]}}', '{"splits": 3}'])
def test_a_damaged_record_is_named(root, tmp_path, content):
    (tmp_path / "splits.json").write_text(content)
    with pytest.raises(ValueError, match=r"splits\.json is not a record of splits"):
        check_record(tmp_path / "splits.json", splits(root))


def test_a_split_that_the_training_does_not_use_is_recorded_as_well(root, tmp_path):
    grown(root, 6, 10)
    record = tmp_path / "splits.json"
    write_record(record, drawn(root, "train", "val"))
    check_record(record, drawn(root, "test"))
    grown(root, 10, 25)
    with pytest.raises(ValueError, match=r"split 'test' is not what the training had"):
        check_record(record, drawn(root, "test"))


def test_a_list_may_name_the_test_split_by_itself(root, tmp_path):
    rows = [f"images/{i}.png,masks/{i}.png" for i in range(6)]
    splits = ["train"] * 3 + ["validation"] + ["testing"] * 2
    file, record = root / "pairs.csv", tmp_path / "splits.json"

    def listed(*names):
        lines = (f"{row},{split}" for row, split in zip(rows, splits, strict=True))
        file.write_text("\n".join(lines))
        return [opened(root, name, listed="pairs.csv") for name in names]

    write_record(record, listed("train", "val"))
    kept = json.loads(record.read_text())["splits"]
    assert {split: len(rows) for split, rows in kept.items()} == {"train": 3, "val": 1, "test": 2}
    check_record(record, listed("test", "val", "validation"))
    splits[2] = "testing"
    with pytest.raises(ValueError, match=r"split 'test' is not .* 1 new, such as images/2\.png"):
        check_record(record, listed("test"))


def test_a_record_of_earlier_versions_keeps_training_images_out_of_other_splits(root, tmp_path):
    grown(root, 6, 10)
    record = tmp_path / "splits.json"
    write_record(record, drawn(root, "train", "val"))
    kept = json.loads(record.read_text())["splits"]
    record.write_text(json.dumps({"splits": {name: kept[name] for name in ("train", "val")}}))
    check_record(record, drawn(root, "test"))
    grown(root, 10, 25)
    with pytest.raises(
        ValueError, match=r"split 'test' is not .* of split 'train' of the training"
    ):
        check_record(record, drawn(root, "test"))
    record.write_text(json.dumps({"splits": {"all": kept["test"]}}))
    for i in range(10, 25):
        (root / f"images/{i}.png").unlink()
        (root / f"masks/{i}.png").unlink()
    check_record(record, drawn(root, "test"))


def test_a_split_of_other_images_with_the_same_names_may_be_measured(root, tmp_path):
    grown(root, 6, 10)
    record = tmp_path / "splits.json"
    parts = drawn(root, "train", "val")
    write_record(record, parts)
    kept = json.loads(record.read_text())["splits"]
    kept["train"] = [[*row[:2], "0" * 16, "0" * 16] for row in kept.pop("test")]
    record.write_text(json.dumps({"splits": kept}))
    check_record(record, drawn(root, "test"))


def test_the_record_of_a_later_version_is_refused(root, tmp_path):
    record = tmp_path / "splits.json"
    write_record(record, splits(root))
    assert version_of(record) == version_of(tmp_path / "none") == 3
    record.write_text('{"version": 4, "splits": {}}')
    with pytest.raises(ValueError, match=r"splits\.json has version 4, .*; update segadapt"):
        version_of(record)
