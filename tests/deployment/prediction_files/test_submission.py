"""Predictions for the servers of Cityscapes and ADE20K, read back with Pillow and zipfile."""

import io
import json
import shutil
import zipfile
from pathlib import Path

import compositions
import numpy as np
import pytest
import torch
from layouts import HEIGHT, LAYOUTS, WIDTH
from omegaconf import OmegaConf
from PIL import Image
from rich.console import Console
from written import write

from segadapt.data.datasets.ade20k import ADE20K
from segadapt.data.datasets.cityscapes import Cityscapes
from segadapt.data.datasets.unlabelled import Unlabelled
from segadapt.data.label_table.table import LabelTable
from segadapt.data.labels import LabelContract
from segadapt.data.transforms.pipelines import EvalTransform
from segadapt.deployment.prediction_files.submission import submit
from segadapt.deployment.prediction_files.submission_archive import pack
from segadapt.evaluation.evaluate import evaluate
from segadapt.experiment import build_task
from segadapt.runs.errors import user_message
from segadapt.runs.reader import read_run
from segadapt.runs.trust import check

PARTS = ("data", "model", "classifier", "loss", "optimizer", "schedule", "inference", "seed")
EXPECTED = {
    "cityscapes": ["berlin_000000_000019.png", "bonn_000031_000019.png"],
    "ade20k": ["ADE_test_00000001.png", "ADE_test_00000002.png"],
}
SCALE = (96, 60)
"""Limits of the network input's sides: resized, and small."""

QUIET = Console(file=io.StringIO())


def composed(name, *overrides):
    return compositions.composed(*overrides, name=name)


def run_of(folder: Path, name: str, root: Path) -> Path:
    """A run folder of a network that has learnt nothing."""
    small = (f"data.scale={list(SCALE)}", "data.num_workers=0", "model=tiny")
    cfg = composed("train", f"data={name}", f"data.root='{root}'", *small)
    torch.manual_seed(0)
    task = build_task(cfg)
    (folder / "checkpoints").mkdir(parents=True)
    OmegaConf.save(OmegaConf.masked_copy(cfg, PARTS), folder / "config.yaml", resolve=True)
    state = {"state_dict": task.state_dict(), "global_step": 4}
    torch.save(state, folder / "checkpoints" / "last.ckpt")
    (folder / "run.json").write_text(json.dumps({"state": "finished"}))
    return folder


@pytest.fixture(scope="module", params=list(EXPECTED))
def trained(request, tmp_path_factory):
    root = LAYOUTS[request.param](tmp_path_factory.mktemp("data") / "a set é")
    return request.param, run_of(tmp_path_factory.mktemp("runs") / "run", request.param, root), root


def asked(folder, *overrides, command=submit, console=QUIET):
    cfg = composed("evaluate", f"run='{folder}'", "device=cpu", *overrides)
    run = read_run(cfg.run, cfg.checkpoint, check)
    return command(cfg, run, console)


def test_an_archive_holds_the_published_numbers_of_the_best_classes(trained, tmp_path):
    name, folder, root = trained
    file = tmp_path / "new" / "test.zip"
    out = io.StringIO()
    console = Console(file=out, width=200)
    assert asked(folder, "split=test", f"submission='{file}'", console=console) == file
    with zipfile.ZipFile(file) as archive:
        assert archive.namelist() == EXPECTED[name]
        assert archive.testzip() is None
        found = [np.asarray(Image.open(io.BytesIO(archive.read(n)))) for n in EXPECTED[name]]
    width = {"cityscapes": [WIDTH, WIDTH + 1], "ade20k": [WIDTH, WIDTH]}[name]
    assert [one.shape for one in found] == [(HEIGHT, side) for side in width]
    task = build_task(OmegaConf.load(folder / "config.yaml"))
    task.load_state_dict(torch.load(folder / "checkpoints/last.ckpt")["state_dict"])
    reader = {"cityscapes": Cityscapes, "ade20k": ADE20K}[name]
    for one, image in zip(found, images_below(root, reader), strict=True):
        classes = predicted(task, image)
        assert one.dtype == np.uint8
        np.testing.assert_array_equal(reader.labels(one, file), classes)
    protocol = json.loads(file.with_suffix(".json").read_text())["protocol"]
    assert protocol["data"] == {"name": name, "split": "test", "images": 2} | {
        "classes": len(reader.classes)
    }
    assert protocol["checkpoint"]["step"] == 4
    assert "mIoU" not in out.getvalue()
    assert "images are published" in out.getvalue()
    assert sorted(path.name for path in file.parent.iterdir()) == ["test.json", "test.zip"]


def images_below(root, reader):
    place = root / reader.unlabelled["test"].folder
    return sorted(file for file in place.rglob("*") if file.is_file())


def predicted(task, image):
    raw = np.asarray(Image.open(image).convert("RGB"))
    nothing = np.zeros(raw.shape[:2], dtype=np.uint8)
    pixels, _ = EvalTransform(SCALE)(raw, nothing, np.random.default_rng())
    task.eval()
    with torch.no_grad():
        logits = task.model(pixels[None]).student.logits
        for size in (pixels.shape[1:], raw.shape[:2]):
            logits = torch.nn.functional.interpolate(logits, size=tuple(size), mode="bilinear")
    return logits[0].argmax(0).numpy()


def test_what_has_labels_can_be_predicted_too(trained, tmp_path):
    _, folder, _ = trained
    file = asked(folder, "split=val", f"submission='{tmp_path / 'val.zip'}'")
    with zipfile.ZipFile(file) as archive:
        assert len(archive.namelist()) == 1


def test_the_same_predictions_make_the_same_archive(trained, tmp_path):
    _, folder, _ = trained
    files = [tmp_path / "a.zip", tmp_path / "b.zip"]
    contents = {asked(folder, "split=test", f"submission='{file}'").read_bytes() for file in files}
    assert len(contents) == 1


def test_metrics_of_a_split_without_labels_are_refused(trained):
    _, folder, _ = trained
    words = "split 'test' of .* has no labels, so that nothing can be measured; .*submission="
    with pytest.raises(Exception, match=words) as raised:
        asked(folder, "split=test", command=evaluate)
    assert user_message(raised.value).count("\n") == 0
    assert not (folder / "evaluation").exists()


def test_an_archive_that_is_there_is_left_as_it_is(trained, tmp_path):
    _, folder, _ = trained
    file = tmp_path / "kept.zip"
    file.write_text("mine")
    with pytest.raises(ValueError, match=r"kept\.zip already exists"):
        asked(folder, "split=test", f"submission='{file}'")
    with pytest.raises(ValueError, match=r"must be a \.zip file"):
        asked(folder, "split=test", f"submission='{tmp_path}'")
    assert file.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [file]


def test_an_image_that_cannot_be_read_leaves_nothing(tmp_path):
    root = LAYOUTS["cityscapes"](tmp_path / "data")
    folder = run_of(tmp_path / "run", "cityscapes", root)
    broken = images_below(root, Cityscapes)[1]
    broken.write_bytes(broken.read_bytes()[:100])
    with pytest.raises(ValueError, match=f"{broken.name} is truncated"):
        asked(folder, "split=test", f"submission='{tmp_path / 'out/test.zip'}'")
    assert list((tmp_path / "out").iterdir()) == []
    nowhere = f"data.root='{tmp_path / 'nowhere'}'"
    with pytest.raises(
        ValueError, match=r"(folder|folder of test images) not found: .*nowhere.*; set data\.root"
    ):
        asked(folder, "split=test", nowhere, f"submission='{tmp_path / 'out/test.zip'}'")
    shutil.rmtree(root / "leftImg8bit" / "test")
    with pytest.raises(
        ValueError, match=r"test images not found: .*/leftImg8bit/test; .* fetch them"
    ):
        asked(folder, "split=test", f"submission='{tmp_path / 'out/test.zip'}'")


def test_a_data_set_without_a_server_is_named(tmp_path):
    folder = run_of(tmp_path / "run", "voc2012", LAYOUTS["voc2012"](tmp_path / "data"))
    with pytest.raises(ValueError, match=r"voc2012 has no known .* Available: ade20k"):
        asked(folder, f"submission='{tmp_path / 'val.zip'}'")


def test_images_without_labels_are_ignored_everywhere(tmp_path):
    files = [write(tmp_path / "a.png", np.full((4, 6, 3), 7, dtype=np.uint8))]
    sample = Unlabelled(Cityscapes, tmp_path, files, EvalTransform())[0]
    assert (sample.mask == 255).all()
    assert sample.mask.shape == (4, 6)
    assert sample.name == "a.png"


CONTRACT = LabelContract(LabelTable.consecutive(("a", "b", "c"), first=1, ignored=(0,)))
NAMES = ("a.png", "b é.png")


def packed(tmp_path, **wrong):
    """Pack a folder of two predictions, with what is wrong in it."""
    folder = tmp_path / "predictions"
    good = {name: np.full((4, 6), 3, dtype=np.uint8) for name in NAMES}
    for name, array in (good | wrong.get("instead", {})).items():
        if array is not None:
            write(folder / name, array)
    archive = tmp_path / "test.zip"
    pack(folder, dict.fromkeys(NAMES, (4, 6)), CONTRACT, archive, QUIET)
    return archive


def test_a_folder_in_order_is_packed(tmp_path):
    with zipfile.ZipFile(packed(tmp_path)) as archive:
        assert archive.namelist() == list(NAMES)


@pytest.mark.parametrize(
    ("instead", "words"),
    [
        ({"a.png": None}, r"predictions lacks 1 prediction\(s\): a\.png"),
        (
            {"c.png": np.ones((4, 6), dtype=np.uint8)},
            r"must not hold 1 prediction\(s\): c\.png; it must hold one PNG for each of the 2",
        ),
        (
            {"a.png": np.ones((6, 4), dtype=np.uint8)},
            r"a\.png has 6 x 4 pixels, but its image has 4 x 6",
        ),
        ({"a.png": np.full((4, 6), 4, dtype=np.uint8)}, r"a\.png holds 4 on 24 pixels"),
        (
            {"a.png": np.zeros((4, 6), dtype=np.uint8)},
            "a.png holds values that are not a class on 24",
        ),
        ({"a.png": np.ones((4, 6, 3), dtype=np.uint8)}, r"a\.png is a PNG of type RGB"),
        ({"a.png": np.full((4, 6), 300, dtype=np.uint16)}, r"a\.png holds 300 on 24 pixels"),
    ],
)
def test_a_folder_with_something_wrong_is_not_packed(tmp_path, instead, words):
    with pytest.raises(ValueError, match=words):
        packed(tmp_path, instead=instead)
    assert [file.name for file in tmp_path.iterdir()] == ["predictions"]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"predictions .*nowhere cannot be read: No such file"):
        pack(tmp_path / "nowhere", {"a.png": (1, 1)}, CONTRACT, tmp_path / "a.zip", QUIET)
