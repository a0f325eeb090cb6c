"""What a user can get wrong: one sentence with the way out, and nothing that looks finished."""

import json
import shutil

import numpy as np
import pytest
from commands import command
from noise_set import SIZE, save, write

from segadapt.cli.train import train

RUN = (
    *("model=tiny", "classifier=fixed", "trainer=cpu", "trainer.log_every_n_steps=1"),
    *("logger=none", "callbacks=none", "data.num_workers=0", "hydra.run.dir=run"),
    *("data.steps=2", "data.eval_every=2", "data.batch_size=2"),
)
SLOW_FIXED, SLOW_CAC = (pytest.param(name, marks=pytest.mark.slow) for name in ("fixed", "cac"))
"""SSA has the branches of both."""
ALLOWED = "data.allow_empty_classes=true"
FILES = ("data=folder", "data.crop=[32,32]", "data.scale=[64,48]", "data.pretrained=false")


def typed(folder, *overrides, classes=3):
    """What ``python train.py ...`` answers."""
    where = (f"data.root={folder / 'set'}", f"data.num_classes={classes}")
    return command(train, folder, *RUN, *FILES, *where, *overrides)


def refused(folder, *overrides, classes=3):
    """The one sentence of a training that came to nothing."""
    answer = typed(folder, *overrides, classes=classes)
    assert answer.code == 1, answer
    assert "Traceback" not in answer.err + answer.out
    first, *others = answer.err.splitlines()
    state = folder / "run" / "run.json"
    if state.is_file():
        assert others == [f"traceback: {folder / 'run' / 'error.txt'}"]
        said = json.loads(state.read_text())
        assert said["state"] == "failed"
        assert first == f"error: {said['cause']}"
        assert not (folder / "run" / "checkpoints").exists()
        assert not (folder / "run" / "report.json").exists()
    else:  # Hydra may have made the folder, but there is nothing in it
        assert not others
        assert not list(folder.glob("run/*"))
    return first


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("model.nonsense=3", "Unknown key model.nonsense"),
        ("clasifier=cac", "Unknown key clasifier. Did you mean classifier?"),
        pytest.param(
            *(
                "classifier=cacc",
                "Unknown option classifier=cacc. Did you mean cac? Available: cac, ",
            ),
            marks=pytest.mark.slow,
        ),
        ("seed=abc", "seed=abc; it must be an integer from 0 to 4294967295"),
        pytest.param(
            *("data.steps=0", "data.steps=0; it must be an integer >= 1"),
            marks=pytest.mark.slow,
        ),
        ("data.num_classes=???", "data.num_classes has no value; set data.num_classes=VALUE"),
        ("data.root=${nothing}", "nothing"),
    ],
)
def test_overrides_that_mean_nothing_are_refused_before_anything_is_written(
    tmp_path, override, sentence
):
    assert sentence in refused(tmp_path, override)


def test_one_class_is_no_segmentation(tmp_path):
    said = refused(tmp_path, classes=1)
    assert "data.num_classes=1; it must be an integer from 2 to 65534" in said
    assert "label everything else as a background class" in said


def remove(*names):
    return lambda root: [shutil.rmtree(root / name) for name in names]


def empty(root):
    for part in ("images", "labels"):
        for file in (root / "val" / part).iterdir():
            file.unlink()


def damage(root):
    file = root / "train" / "images" / "1.png"
    file.write_bytes(file.read_bytes()[:300])


BROKEN = {
    "no folder": (remove("train"), "{set} has no folder of split 'train' with images and labels"),
    "empty": (empty, "{set}/val/images holds no image (.jpg, .jpeg,"),
    "no label": (
        lambda root: (root / "train/labels/1.png").unlink(),
        "1 file(s) have no label of the same name in {set}/train/labels: {set}/train/images/1.png",
    ),
    "sizes": (
        lambda root: save(root / "train/labels/1.png", np.zeros((20, 30), np.uint8)),
        "{set}/train/images/1.png has 48 x 64 pixels, but its label {set}/train/labels/1.png has "
        "20 x 30; both must have the same size",
    ),
    "truncated": (damage, "{set}/train/images/1.png is truncated at byte 300; download or export"),
    "no image": (
        lambda root: (root / "train/images/1.png").write_text("words"),
        "{set}/train/images/1.png is not a JPEG, PNG, BMP, WebP, TIFF or NPY file; convert it",
    ),
    "number": (
        lambda root: save(root / "train/labels/1.png", np.full(SIZE, 7, np.uint8)),
        "label {set}/train/labels/1.png holds 7 on 3072 pixels, which is neither a class (0..2) "
        "nor ignored (255); correct the file",
    ),
}


@pytest.mark.parametrize(
    "fault",
    [
        fault if fault in ("number", "truncated") else pytest.param(fault, marks=pytest.mark.slow)
        for fault in BROKEN
    ],
)
def test_files_that_cannot_be_learnt_from_are_named(tmp_path, fault):
    write(tmp_path / "set")
    change, sentence = BROKEN[fault]
    change(tmp_path / "set")
    assert sentence.format(set=tmp_path / "set") in refused(tmp_path)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fault_in_a_loader_process_is_told_in_the_same_words(tmp_path):
    write(tmp_path / "set")
    change, sentence = BROKEN["truncated"]  # which the look before the training does not see
    change(tmp_path / "set")
    said = refused(tmp_path, "data.num_workers=1")
    assert said.startswith("error: " + sentence.format(set=tmp_path / "set"))


def test_a_single_image_cannot_be_normalised_over_the_batch(tmp_path):
    write(tmp_path / "set")
    changes = ["data.batch_size=1", "model=deeplabv3plus_mobilenetv2"]
    said = refused(tmp_path, *changes)
    assert "batch normalisation cannot train on a single image" in said
    assert "(data.batch_size)" in said


@pytest.mark.parametrize("classifier", [SLOW_FIXED, "ssa"])
def test_labels_that_are_all_ignored_end_the_training(tmp_path, classifier):
    write(tmp_path / "set", numbers=[255])
    said = refused(tmp_path, f"classifier={classifier}", ALLOWED, "data.allow=[ignored]")
    assert "no pixel of the training images so far has a label, all are 255 (ignored)" in said


def test_a_validation_set_without_labels_measures_nothing(tmp_path):
    write(tmp_path / "set")
    for item in range(2):
        save(tmp_path / "set" / "val" / "labels" / f"{item}.png", np.full(SIZE, 255, np.uint8))
    assert "no pixel of the validation set has a label" in refused(tmp_path, ALLOWED)


def test_masks_of_0_and_255_are_called_what_they_probably_are(tmp_path):
    write(tmp_path / "set", classes=2, numbers=[0, 255])
    said = refused(tmp_path, classes=2)
    assert "the training labels hold only 0 and 255, so they are probably masks" in said


@pytest.mark.parametrize("classifier", [SLOW_FIXED, SLOW_CAC, "ssa"])
def test_labels_of_a_single_class_can_be_learnt(tmp_path, classifier):
    write(tmp_path / "set", numbers=[1])
    answer = typed(tmp_path, f"classifier={classifier}", ALLOWED)
    assert answer.code == 0, answer
    said = json.loads((tmp_path / "run" / "run.json").read_text())
    assert said["state"] == "finished"
    losses = [value for name, value in said["metrics"].items() if name.startswith("train/")]
    assert np.isfinite(losses).all()


def test_weights_out_of_reach_are_said_to_be_with_both_ways_out(tmp_path):
    write(tmp_path / "set")
    changes = ["model=upernet_resnet50", "data.pretrained=true"]
    said = refused(tmp_path, *changes)
    assert "resnet50c.gluon_in1k cannot be fetched" in said
    assert "train from scratch with data.pretrained=false" in said
    assert "model.encoder.weights=FILE" in said


def test_a_refused_start_leaves_an_earlier_run_as_it_was(tmp_path):
    write(tmp_path / "set")
    assert typed(tmp_path).code == 0

    def content():
        files = (file for file in (tmp_path / "run").rglob("*") if file.is_file())
        return {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in files}

    before = content()
    for override, reason in (
        ("seed=0", "holds a run that has finished at step 2 of 2"),
        ("seed=1", "holds a run that has finished at step 2 of 2"),
        ("classifier=none", "Unknown option classifier=none"),
    ):
        answer = typed(tmp_path, override)
        assert answer.code == 1
        assert reason in answer.err
        assert "Traceback" not in answer.err
    assert content() == before
