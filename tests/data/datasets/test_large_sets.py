"""The published sets of hundreds of classes, in their layouts."""

import json
import zipfile

import cv2
import numpy as np
import pytest
from compositions import composed
from rich.console import Console
from scipy.io import loadmat, savemat
from written import picture, write

from segadapt.data.datasets.ade20k_full import ADE20KFull
from segadapt.data.datasets.pascal_context459 import PascalContext459
from segadapt.data.prepare.ade20k_full import convert
from segadapt.data.prepare.progress_bars import Bars
from segadapt.data.transforms.pipelines import EvalTransform
from segadapt.runs.settings.settle import settle


@pytest.fixture
def context(tmp_path):
    """VOC 2010 with PASCAL-Context's own annotations."""
    for seed, (split, name) in enumerate((("train", "2008_000002"), ("val", "2008_000003"))):
        write(tmp_path / f"JPEGImages/{name}.jpg", picture(48, 64, seed))
        label = (np.arange(48 * 64, dtype=np.uint16).reshape(48, 64) + seed) % 460
        (tmp_path / "trainval").mkdir(exist_ok=True)
        savemat(
            tmp_path / f"trainval/{name}.mat",
            {"LabelMap": label.astype(np.uint16)},
            do_compression=True,
        )
        (tmp_path / "ImageSets/Main").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"ImageSets/Main/{split}.txt").write_text(f"{name}\n")
    (tmp_path / "labels").mkdir()
    lines = "".join(f"{k}: thing {k}\r\n" for k in range(1, 460))
    (tmp_path / "labels/labels.txt").write_text(lines)
    return tmp_path


def test_pascal_context_with_all_classes(context):
    for split in ("train", "val"):
        dataset = PascalContext459(context, split, EvalTransform())
        raw = loadmat(dataset.files[0].label)["LabelMap"].astype(int)
        mask = dataset[0].mask.numpy().astype(int)
        assert np.array_equal(mask, np.where(raw == 0, 65_535, raw - 1))
        assert (dataset.classes[0], dataset.classes[458]) == ("thing 1", "thing 459")


def test_its_list_is_read_strictly(context):
    file = context / "labels/labels.txt"
    file.write_text(file.read_text().replace("7: thing 7\n", ""))
    with pytest.raises(ValueError, match=r"labels\.txt: '8: thing 8' does not name class 7"):
        PascalContext459(context, "val", EvalTransform())
    file.unlink()
    with pytest.raises(ValueError, match=r"class list not found: .*labels/labels\.txt; set data"):
        PascalContext459(context, "val", EvalTransform())


def colors_of(numbers):
    """ADE20K's colours; blue says the object, and the rest of red nothing."""
    red, green = numbers // 256 * 10, numbers % 256
    return np.stack([red + 7, green, numbers % 5], -1).astype(np.uint8)


SCENES = {
    "training/urban/street/ADE_train_00000001": np.array([[0, 300], [2978, 12]]),
    "training/home/ADE_train_00000002": np.array([[5, 5], [12, 0]]),
    "validation/home/ADE_val_00000001": np.array([[2978, 12], [4, 300]]),
}
"""Numbers of a quarter each; 12, 300 and 2978 are in both splits."""


@pytest.fixture
def archive(tmp_path):
    file = tmp_path / "ADE20K_2021_17_01.zip"
    with zipfile.ZipFile(file, "w") as opened:
        for seed, (name, numbers) in enumerate(SCENES.items()):
            rows, columns = (40, 50) if seed else (320, 288)  # the first has 640 x 576 pixels
            large = numbers.repeat(rows, 0).repeat(columns, 1)
            top = f"ADE20K_2021_17_01/images/ADE/{name}"
            image = picture(*large.shape, seed)
            opened.writestr(f"{top}.jpg", cv2.imencode(".jpg", image)[1].tobytes())
            label = cv2.imencode(".png", colors_of(large)[..., ::-1])[1].tobytes()
            opened.writestr(f"{top}_seg.png", label)
            opened.writestr(f"{top}_parts_1.png", label)
            objects = [{"name": f"n{k % 2}", "name_ndx": int(k)} for k in np.unique(numbers)]
            opened.writestr(f"{top}.json", json.dumps({"annotation": {"object": objects}}))
    return file


def test_ade20k_keeps_the_classes_of_both_splits(archive, tmp_path):
    root = tmp_path / "set"
    convert(archive, (), root, Bars(Console(quiet=True)))
    train = ADE20KFull(root, "train", EvalTransform((2048, 512)))
    assert train.classes == ("n0 (12)", "n0 (300)", "n0 (2978)")
    meaning = {12: 0, 300: 1, 2978: 2}
    for split, names in (("train", list(SCENES)[:2]), ("val", list(SCENES)[2:])):
        dataset = ADE20KFull(root, split, EvalTransform())
        assert len(dataset) == len(names)
        for item, name in enumerate(names):
            mask = dataset[item].mask.numpy().astype(int)
            quarters = [[meaning.get(k, 255) for k in row] for row in SCENES[name].tolist()]
            rows, columns = (np.arange(side) * 2 // side for side in mask.shape)
            wanted = np.array(quarters)[rows[:, None], columns]
            assert (mask != wanted).mean() < 0.002  # the middle row of an odd number of rows
    assert train[0].mask.shape == (569, 512)  # 640 * 512 / 576 = 568.9
    cfg = composed("data=ade20k_full", f"data.root={root}", "model=tiny", f"paths.run={root}/run")
    assert settle(cfg)["data"]["num_classes"] == 3


def test_an_archive_without_names_is_damaged(archive, tmp_path):
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            content = b"{}" if name.endswith(".json") else old.read(name)
            new.writestr(name, content)
    with pytest.raises(ValueError, match=r"is damaged: .*\.json does not name class 12"):
        convert(other, (), tmp_path / "set", Bars(Console(quiet=True)))
