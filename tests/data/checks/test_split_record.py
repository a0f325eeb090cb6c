import json

import pytest
from written import blocks, picture, write

from segadapt.data.checks.split_record import check_record, write_record
from segadapt.data.datasets.folder import Folder
from segadapt.data.transforms.pipelines import EvalTransform


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "set"
    for i in range(6):
        write(root / f"images/{i}.png", picture(8, 8, i))
        write(root / f"masks/{i}.png", blocks(8, 8, 3, i))
    return root


def splits(root, seed=0):
    drawn = {"val": 0.34, "seed": seed}
    return {
        split: Folder(root, split, EvalTransform(), ["a", "b", "c"], "", partition=drawn)
        for split in ("train", "val")
    }


def test_the_same_files_pass_wherever_they_lie(root, tmp_path):
    record = tmp_path / "run/splits.json"
    write_record(record, splits(root))
    kept = json.loads(record.read_text())["splits"]
    assert {split: len(rows) for split, rows in kept.items()} == {"train": 4, "val": 2}
    moved = root.rename(tmp_path / "moved")
    check_record(record, splits(moved))
    check_record(record, {"val": splits(moved)["val"]})


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
    plain = {"train": Folder(root, "train", EvalTransform(), ["a", "b", "c"], "")}
    write_record(tmp_path / "splits.json", plain)
    assert not (tmp_path / "splits.json").exists()


@pytest.mark.parametrize("content", ["{}", '{"splits": {"val": [1]}}', '{"splits": 3}'])
def test_a_damaged_record_is_named(root, tmp_path, content):
    (tmp_path / "splits.json").write_text(content)
    with pytest.raises(ValueError, match=r"splits\.json is not a record of splits"):
        check_record(tmp_path / "splits.json", splits(root))
