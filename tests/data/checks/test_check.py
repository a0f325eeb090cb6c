"""The command that checks a data set, as a user runs it."""

import json
import runpy
from functools import partial
from io import StringIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from commands import command
from compositions import composed
from layouts import LAYOUTS
from rich.console import Console
from written import blocks, camvid, picture, write

from segadapt.data.checks.charts import OPACITY, Tile, overlaid
from segadapt.data.checks.check_dataset import check, tiles
from segadapt.data.datasets.folder import Folder
from segadapt.data.transforms.pipelines import EvalTransform

SCRIPT = Path(__file__).parents[3] / "scripts" / "check_data.py"


def run(out, *overrides):
    cfg = composed(*overrides, f"out={out}", "threads=2", name="check_data")
    console = Console(file=StringIO(), width=200)
    return check(cfg, console), console.file.getvalue()


def test_a_good_data_set_gives_numbers_figures_and_no_error(tmp_path):
    root, out = camvid(tmp_path / "data"), tmp_path / "out"
    errors, said = run(out, "data=camvid", f"data.root={root}", "samples=2")
    assert errors == 0
    assert "train: 5 images, 11 classes" in said
    assert "note: 5 images, but 367 were published" in said
    for split in ("train", "val"):
        assert json.loads((out / f"{split}.json").read_text())["images"] == 5
        for figure in ("classes", "images"):
            assert (out / f"{split}-{figure}.png").stat().st_size > 5000


@pytest.mark.slow  # a figure of 171 rows and columns
def test_171_classes_fit(tmp_path):
    root = LAYOUTS["coco_stuff10k"](tmp_path / "data")
    overrides = ["data=coco_stuff10k", f"data.root={root}", "data.crop=[64,64]", "samples=1"]
    errors, said = run(tmp_path, *overrides, "data.scale=[100,64]", "splits=[train]")
    assert errors == 0
    assert "171 classes" in said


def test_errors_are_said_with_file_number_and_pixels(tmp_path):
    root = camvid(tmp_path / "data")
    label = blocks(40, 56, 3)
    label[0, :7] = 42
    write(root / "valannot/frame1.png", label)
    errors, said = run(tmp_path, "data=camvid", f"data.root={root}", "splits=[val]", "samples=9")
    assert errors == 1
    assert "range: valannot/frame1.png: 42 on 7 pixels is neither a class nor ignored" in said
    finding = json.loads((tmp_path / "val.json").read_text())["findings"][0]
    assert (finding["number"], finding["pixels"]) == (42, 7)


def test_many_errors_are_counted_and_kept(tmp_path):
    root = camvid(tmp_path / "data", images=25)
    for file in (root / "valannot").iterdir():
        write(file, np.full((40, 56), 99, np.uint8))
    errors, said = run(tmp_path, "data=camvid", f"data.root={root}", "splits=[val]")
    assert errors == 25
    assert "and 5 more, in the JSON file" in said
    assert not (tmp_path / "val-images.png").exists()  # none can be shown


def test_missing_pairs_are_all_named_and_the_next_split_is_checked(tmp_path):
    root = camvid(tmp_path / "data")
    for i in range(4):
        (root / f"trainannot/frame{i}.png").unlink()
    (root / "train/frame4.png").unlink()
    errors, said = run(tmp_path, "data=camvid", f"data.root={root}", "samples=1")
    assert errors == 5
    assert "train: 4 file(s) have no label .png of the same name" in said
    assert "1 file(s) have no image of the same name" in said
    assert "val: 5 images" in said
    missing = json.loads((tmp_path / "train.json").read_text())["missing"]
    assert [Path(file).name for file in missing] == [f"frame{i}.png" for i in range(5)]


def test_data_sets_without_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match="data=digits is composed on the fly"):
        run(tmp_path, "data=digits")


def test_ignored_pixels_are_seen_as_they_are():
    image = np.full((1, 2, 3), 100, np.uint8)
    tile = Tile("", image, np.array([[1, 255]]))
    colors = np.array([[9, 9, 9], [200, 0, 50]], np.uint8)
    mixed = (OPACITY * colors[1] + (1 - OPACITY) * 100).astype(np.uint8)
    np.testing.assert_array_equal(overlaid(tile, colors)[0], [mixed, [100, 100, 100]])


def test_the_command_ends_with_a_sentence_or_the_number_of_errors(tmp_path):
    root = camvid(tmp_path / "data", images=2)
    (root / "val/frame0.png").write_bytes(b"")
    script = partial(runpy.run_path, str(SCRIPT), run_name="__main__")
    words = ["data=camvid", "splits=[val]", "samples=1", f"data.root={root}"]
    found = command(script, tmp_path, *words)
    assert found.code == 1
    assert "unreadable: val/frame0.png: " in found.out
    assert "Traceback" not in found.err
    assert (tmp_path / "checks/camvid/val.json").is_file()
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize("depth", [8, 16])
def test_statistics_are_printed_as_words_to_add(tmp_path, depth):
    for i in range(2):
        level = picture(8, 8, i).astype(np.uint16 if depth == 16 else np.uint8)
        place = tmp_path / "set/train/images"
        place.mkdir(parents=True, exist_ok=True)
        np.save(place / f"{i}.npy", level * 16 if depth == 16 else level)
        write(tmp_path / f"set/train/labels/{i}.png", np.array([[0, 1] * 4] * 8, np.uint8))
    words = ["data=folder", "data.classes=[a,b]", "data.num_classes=2", f"data.depth={depth}"]
    words += [f"data.root={tmp_path}/set", f"out={tmp_path}/out", "statistics=true"]
    out = Console(file=StringIO(), width=300)
    assert check(composed(*words, name="check_data"), out) == 0
    shown = out.file.getvalue()
    assert ("nothing to add" in shown) == (depth == 8)
    kept = json.loads((tmp_path / "out/statistics.json").read_text())
    assert set(kept) == ({"mean", "std"} if depth == 8 else {"range", "mean", "std"})
    assert depth == 8 or f"add 'data.range={kept['range']}' 'data.mean={kept['mean']}'" in shown


def test_16_bit_images_keep_their_colours_on_the_contact_sheet(tmp_path):
    wide = picture(16, 24).astype(np.uint16) * 200 + 11
    (tmp_path / "train/images").mkdir(parents=True)
    assert cv2.imwrite(str(tmp_path / "train/images/a.tif"), wide)
    write(tmp_path / "train/labels/a.png", blocks(16, 24, 2))
    transform = EvalTransform(mean=[0.3, 0.1, 0.2], std=[0.1, 0.05, 0.2])
    form = {"depth": 16, "limits": [0, 51200]}
    dataset = Folder(tmp_path, "train", transform, ["a", "b"], "", **form)
    stored, _, *inputs = (tile.image.astype(int) for tile in tiles(dataset, 0))
    assert all(abs(picture - stored).max() <= 1 for picture in inputs)
