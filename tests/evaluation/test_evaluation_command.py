import errno
import hashlib
import io
import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import compositions
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from omegaconf import OmegaConf
from reports import from_json
from rich.console import Console
from torchmetrics.classification import MulticlassJaccardIndex

from segadapt.data.datasets.synthetic import Synthetic
from segadapt.deployment.export.form import file_precision
from segadapt.evaluation import evaluate as command
from segadapt.evaluation.evaluate import evaluate
from segadapt.evaluation.precision_names import full_name
from segadapt.evaluation.protocol import of_run
from segadapt.evaluation.trained import measured_data, read_run_weights
from segadapt.experiment import build_task
from segadapt.runs import environment
from segadapt.runs.file_names import PER_IMAGE
from segadapt.runs.reader import read_run
from segadapt.runs.stored_config import read_overrides
from segadapt.runs.trust import check
from segadapt.structures import IGNORE

ROOT = Path(__file__).parents[2]
PARTS = ("data", "model", "classifier", "loss", "optimizer", "schedule", "inference", "seed")


def composed(name, *overrides):
    return compositions.composed(*overrides, name=name)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run folder as a training leaves it, of a network that has learnt nothing."""
    folder = tmp_path_factory.mktemp("runs") / "a run"
    cfg = composed("train", "data=synthetic", "model=tiny", "classifier=cac", "data.num_classes=3")
    torch.manual_seed(0)
    task = build_task(cfg)
    (folder / "checkpoints").mkdir(parents=True)
    OmegaConf.save(OmegaConf.masked_copy(cfg, PARTS), folder / "config.yaml", resolve=True)
    state = {"state_dict": task.state_dict(), "global_step": 4}
    torch.save(state, folder / "checkpoints" / "last.ckpt")
    (folder / "run.json").write_text(json.dumps({"state": "finished"}))
    return folder, task


def evaluated(folder, *overrides):
    cfg = composed("evaluate", f"run='{folder}'", "device=cpu", *overrides)
    out = io.StringIO()
    file = evaluate(
        cfg,
        read_run(cfg.run, cfg.checkpoint, check),
        Console(file=out, width=100),
    )
    return file, json.loads(file.read_text()), out.getvalue()


def independent_miou(task, branch):
    metric = MulticlassJaccardIndex(3, average="macro", ignore_index=IGNORE)
    task.eval()
    for sample in (Synthetic(3, 64, 3)[index] for index in range(3)):
        with torch.no_grad():
            prediction = task.model(sample.image[None], sample.mask[None])
        logits = getattr(prediction, branch).logits
        scores = F.interpolate(logits, size=sample.mask.shape, mode="bilinear")
        metric.update(scores.argmax(1), sample.mask[None])
    return metric.compute().item()


def test_the_report_has_the_scores_of_every_branch(trained):
    folder, task = trained
    _, report, _ = evaluated(folder)
    found = from_json(report["results"])
    assert list(found) == ["student", "coarse", "oracle"]
    branches = {"student": "student", "coarse": "coarse", "oracle": "teacher"}
    for name, branch in branches.items():
        assert found[name].miou == pytest.approx(independent_miou(task, branch), abs=1e-6)


def test_the_report_carries_its_protocol(trained):
    folder, _ = trained
    file, report, _ = evaluated(folder, "inference=slide", "inference.window=[32,48]")
    assert file == folder / "evaluation" / "slide-last.json"
    protocol = report["protocol"]
    assert protocol["data"]["name"] == "synthetic"
    assert protocol["data"]["split"] == "val"
    assert protocol["data"]["images"] == 3
    assert protocol["data"]["label_size"] == {
        "smallest": [64, 64],
        "largest": [64, 64],
        "different": 1,
    }
    assert protocol["inference"]["window"] == [32, 48]
    assert protocol["ignore_index"] == 255
    assert "mmsegmentation" in protocol["absent_class"]
    content = (folder / "checkpoints" / "last.ckpt").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert protocol["checkpoint"] == {
        "file": "last.ckpt",
        "sha256": digest,
        "step": 4,
        "run": None,
        "own": True,
    }
    assert protocol["software"]["torch"] == torch.__version__.split("+")[0]
    assert protocol["seconds"] > 0
    assert protocol["run"]["network"]["classifier"] == ["CACClassifier"]
    assert protocol["run"]["network"]["model"][0] == "EncoderDecoder"
    assert protocol["run"]["overrides"] is None


def test_what_was_typed_for_the_training_is_in_the_protocol(tmp_path):
    (tmp_path / "overrides.yaml").write_text("- data=camvid\n- 'data.crop=[192,192]'\n- seed=0\n")
    assert read_overrides(tmp_path) == ["data=camvid", "data.crop=[192,192]", "seed=0"]


def test_other_settings_leave_a_report_as_it_is(trained):
    folder, _ = trained
    shutil.rmtree(folder / "evaluation", ignore_errors=True)
    first, report, _ = evaluated(folder, "inference=slide", "inference.window=[32,32]")
    second, _, text = evaluated(folder, "inference=slide", "inference.window=[32,64]")
    assert [first.name, second.name] == ["slide-last.json", "slide-last-2.json"]
    assert json.loads(first.read_text()) == report
    assert str(second.with_suffix(".html")) in text
    again, _, _ = evaluated(folder, "inference=slide", "inference.window=[32,64]")
    assert again == second


def test_what_was_measured_is_shown_before_it_is_written(trained, monkeypatch):
    folder, _ = trained

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(command, "write_json", full)
    cfg = composed("evaluate", f"run='{folder}'", "device=cpu")
    out = io.StringIO()
    run = read_run(cfg.run, cfg.checkpoint, check)
    with pytest.raises(OSError, match="No space left"):
        evaluate(cfg, run, Console(file=out, width=100))
    assert "(student)" in out.getvalue()


@pytest.mark.parametrize(
    "way",
    ["whole", "slide", "multiscale", pytest.param("slide_multiscale", marks=pytest.mark.slow)],
)
def test_every_inference_prints_its_table(trained, way):
    folder, _ = trained
    file, report, text = evaluated(folder, f"inference={way}")
    miou = report["results"]["student"]["miou"]
    assert f"mIoU {100 * miou:.2f} (student)" in text
    assert "class_2" in text
    assert str(file) in text
    assert ("oracle" in report["results"]) == (way == "whole")


def test_windows_that_share_an_adaptation_are_a_report_of_their_own(trained):
    folder, _ = trained
    shutil.rmtree(folder / "evaluation", ignore_errors=True)
    window = "inference.window=[32,32]"
    alone, report, _ = evaluated(folder, "inference=slide", window)
    shared, other, _ = evaluated(folder, "inference=slide", window, "inference.context=global")
    assert [alone.name, shared.name] == ["slide-last.json", "slide-global-last.json"]
    assert other["protocol"]["inference"]["context"] == "global"
    assert "oracle" in other["results"]
    assert "oracle" not in report["results"]
    assert report["adaptation"]["fixed"] != other["adaptation"]["fixed"]


def test_the_report_explains_itself(trained):
    """Numbers that must agree with each other, and a page that names them."""
    folder, _ = trained
    file, report, text = evaluated(folder)
    student, adaptation = report["results"]["student"], report["adaptation"]
    confusion = torch.tensor(student["confusion"])
    assert confusion.sum() == sum(one["pixels"] for one in student["calibration"]["bins"])
    right = {"student": ("kept", "fixed"), "coarse": ("kept", "broken")}
    for branch, outcomes in right.items():
        diagonal = torch.tensor(report["results"][branch]["confusion"]).diagonal().sum()
        assert diagonal == sum(adaptation[outcome] for outcome in outcomes)
    assert [one["pixels"] for one in student["trimap"]] == [1, 2, 4, 8, 16, 32]
    assert all(pair["label"] != pair["prediction"] for pair in report["confusions"])
    assert len(report["images"]) == 3
    page = file.with_suffix(".html").read_text()
    assert f"{100 * student['boundary_iou']:.2f}" in page
    assert report["protocol"]["data"]["fingerprint"] in page
    assert str(file.with_suffix(".html")) in text


def test_an_unfinished_training_is_evaluated_and_named(trained, tmp_path):
    folder, _ = trained
    for file in ("config.yaml", "checkpoints/last.ckpt"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes((folder / file).read_bytes())
    (tmp_path / "run.json").write_text(json.dumps({"state": "running"}))
    _, report, text = evaluated(tmp_path)
    assert report["protocol"]["run"]["state"] == "interrupted"  # nobody trains there
    assert "of a training that was interrupted" in text


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (None, ""),
        ({"id": "aaa", "facts": {"seed": 1}}, ", of run aaa (seed 1)"),
        ({"id": "bbb", "facts": {}}, ", of run bbb (), but this folder is of run aaa"),
    ],
)
def test_the_run_of_a_checkpoint_is_told(trained, tmp_path, record, line):
    shutil.copytree(trained[0], tmp_path / "run")
    (tmp_path / "run" / "run.json").write_text(json.dumps({"state": "finished", "id": "aaa"}))
    run = read_run(str(tmp_path / "run"), "last", check)
    assert of_run(run, read_run_weights(run.checkpoint)._replace(run=record)) == line


def test_scores_that_are_no_numbers_are_no_report(trained, tmp_path):
    """Finite weights, whose products are not."""
    folder, task = trained
    shutil.copytree(folder, tmp_path / "run")
    weights = task.state_dict()
    name = next(name for name in weights if name.startswith("model.classifier"))
    weights = {**weights, name: torch.full_like(weights[name], 3e38)}
    torch.save(
        {"state_dict": weights, "global_step": 4}, tmp_path / "run" / "checkpoints" / "last.ckpt"
    )
    with pytest.raises(ValueError, match="the network's scores are NaN or infinite for 1 image"):
        evaluated(tmp_path / "run")
    before, after = (
        sorted(file.name for file in path.glob("evaluation/*"))
        for path in (folder, tmp_path / "run")
    )
    assert before == after


def test_the_same_weights_by_file_name(trained):
    folder, _ = trained
    _, expected, _ = evaluated(folder)
    file = folder / "checkpoints" / "last.ckpt"
    _, report, _ = evaluated(folder, f"checkpoint='{file}'")
    assert report["results"] == expected["results"]


def data(**extra):
    module = {"val": {"root": "/old/camvid", "files": ["/old/camvid/a", "/older/b"], **extra}}
    return OmegaConf.create({"name": "camvid", "root": "/old/camvid", "module": module})


def test_a_data_set_that_has_moved_is_found_in_its_new_place():
    found = measured_data(data(), "val", "/new")
    assert found.root == found.module.val.root == "/new"
    assert found.module.val.files == ["/new/a", "/older/b"]


def test_another_split_is_asked_of_the_data_set():
    assert measured_data(data(split="val"), "test", None).module.val.split == "test"
    with pytest.raises(
        ValueError, match=r"Unknown split 'test' of data set camvid\. Available: val"
    ):
        measured_data(data(), "test", None)


def test_the_training_split_of_a_generated_set_has_its_own_length():
    train = {"split": "train", "length": 40, "difficulty": 0.8, "transform": "random", "seed": 3}
    val = {"split": "val", "length": 2, "difficulty": 0.1, "transform": "plain"}
    config = OmegaConf.create({"name": "digits", "module": {"train": train, "val": val}})
    measured = measured_data(config, "train", None).module.val
    assert measured == {"split": "train", "length": 40, "difficulty": 0.8, "transform": "plain"}
    assert measured_data(config, "val", None).module.val == val


def test_a_data_set_without_a_folder_cannot_have_moved(trained):
    folder, _ = trained
    with pytest.raises(ValueError, match="synthetic has no folder"):
        evaluated(folder, "data.root=/new")


def script(folder, *overrides):
    command = [sys.executable, str(ROOT / "scripts" / "evaluate.py"), *overrides]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ([], "no run given; pass run=RUN_FOLDER"),
        (["run=nowhere"], "nowhere is not a run folder: config.yaml is missing"),
    ],
)
def test_the_script_refuses_by_a_sentence_and_leaves_nothing(tmp_path, overrides, sentence):
    answer = script(tmp_path, *overrides)
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"error: {sentence}")
    assert answer.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_script_writes_nothing_but_its_report(trained, tmp_path):
    folder, _ = trained
    before = set(Path(folder).rglob("*"))
    answer = script(tmp_path, f"run='{folder}'", "inference=multiscale", "device=cpu")
    assert answer.returncode == 0, answer.stderr
    assert list(tmp_path.iterdir()) == []
    new = set(Path(folder).rglob("*")) - before
    files = {
        folder / "evaluation" / f"multiscale-last.{suffix}" for suffix in ("json", "html", "npz")
    }
    assert new <= {folder / "evaluation", *files}


def test_a_training_is_measured_in_its_own_precision_unless_told_otherwise(trained, tmp_path):
    shutil.copytree(trained[0], tmp_path, dirs_exist_ok=True)
    (tmp_path / "environment.json").write_text(json.dumps({"precision": "bf16-mixed"}))
    own, mixed, _ = evaluated(tmp_path)
    counts = np.load(own.with_suffix(".npz"))["counts"]
    assert mixed["protocol"]["precision"] == "bf16-mixed"
    digest = mixed["protocol"]["checkpoint"]["sha256"]
    stamp = {**mixed["protocol"], "checkpoint": {"sha256": digest}}
    (tmp_path / "report.json").write_text(json.dumps({"protocol": stamp}))
    other, single, _ = evaluated(tmp_path, "precision=32-true")
    assert single["protocol"]["precision"] == "32-true"
    assert other != own  # a report of its own
    assert not (tmp_path / PER_IMAGE).exists()  # not the training's measurement
    evaluated(tmp_path)
    assert np.array_equal(np.load(tmp_path / PER_IMAGE)["counts"], counts)
    _, half, _ = evaluated(tmp_path, "precision=bf16-true")
    assert half["protocol"]["precision"] == "bf16-true"


def test_counts_of_other_labels_do_not_replace_those_of_the_training(trained, tmp_path):
    shutil.copytree(trained[0], tmp_path, dirs_exist_ok=True)
    own, report, _ = evaluated(tmp_path)
    digest = report["protocol"]["checkpoint"]["sha256"]
    stamp = {**report["protocol"], "checkpoint": {"sha256": digest}}
    (tmp_path / "report.json").write_text(json.dumps({"protocol": stamp}))
    with np.load(own.with_suffix(".npz")) as content:
        names, counts = content["names"], content["counts"]
    counts[0, 2, :2] += [1, -1]  # another prediction, as on another device: replaced
    np.savez(tmp_path / PER_IMAGE, names=names, counts=counts)
    assert PER_IMAGE not in evaluated(tmp_path)[2]
    with np.load(tmp_path / PER_IMAGE) as content:
        assert (content["counts"] != counts).any()
        counts = content["counts"]
    counts[1, 1, :2] += [1, -1]  # another label: kept
    np.savez(tmp_path / PER_IMAGE, names=names, counts=counts)
    before = (tmp_path / PER_IMAGE).read_bytes()
    said = " ".join(evaluated(tmp_path)[2].split())
    assert "is kept: the labelled pixels of some images are not those that" in said
    assert (tmp_path / PER_IMAGE).read_bytes() == before


def test_precisions_have_the_names_of_lightning_and_of_export():
    names = {"fp32": "32-true", "fp16": "16-true", "16-true": "16-true", "bf16-mixed": "bf16-mixed"}
    assert {name: full_name(name) for name in names} == names
    assert {name: file_precision(name) for name in ("16-true", "32-true", "fp16", "int8")} == {
        "16-true": "fp16",
        "32-true": "fp32",
        "fp16": "fp16",
        "int8": "int8",
    }


def test_an_unknown_precision_is_refused(trained):
    with pytest.raises(ValueError, match=r"Unknown precision 'half'\. Available: 32-true"):
        evaluated(trained[0], "precision=half")


def test_the_commit_is_that_of_the_start(trained, monkeypatch):
    """A checkout may move on while a large set is evaluated."""
    head = {"commit": "start"}
    monkeypatch.setattr(environment, "commit", lambda folder: dict(head))
    whole = command.evaluate_dataset

    def slow(*arguments):
        head["commit"] = "later"
        return whole(*arguments)

    monkeypatch.setattr(command, "evaluate_dataset", slow)
    monkeypatch.setattr(environment, "_loaded", cache(environment._loaded.__wrapped__))
    _, report, _ = evaluated(trained[0])
    assert report["protocol"]["software"]["commit"] == "start"
