"""The wheel, installed elsewhere: a trained network is used as the documentation says."""

import json
import shutil

import cv2
import numpy as np
import pytest
import torch
from deployed import scene
from installed import DIGITS, install
from local_hub import LocalHub
from PIL import Image

pytestmark = pytest.mark.slow

RUN = "runs/ssa"
IN_PYTHON = """
import sys
import segadapt
model = segadapt.load(sys.argv[1], device="cpu")
result = model.predict("street.png")
result.save("labels.png")
result.overlay("overlay.jpg", opacity=0.5, legend=True)
assert result.scores("student").shape == (len(result.classes), *result.labels.shape)
assert not {"lightning", "wandb", "albumentations"} & sys.modules.keys()
print(result.labels.shape, model.info["step"], model.info["classifier"])
"""
IN_ONNXRUNTIME = """
import cv2, numpy as np, onnxruntime
session = onnxruntime.InferenceSession("digits.onnx", providers=["CPUExecutionProvider"])
image = cv2.imread("street.png")[..., ::-1].transpose(2, 0, 1)[None]
np.save("onnx.npy", session.run(None, {"image": image})[0].argmax(1)[0])
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """With a network of 20 steps, a photograph and a folder of three."""
    place = install(tmp_path_factory.mktemp("wheel"))
    words = ("classifier=ssa", "data.steps=20", "data.eval_every=20", f"hydra.run.dir={RUN}")
    place.run("segadapt", "train", *DIGITS, *words)
    (place.folder / "photographs" / "more").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.jpg", "more/c.png")):
        cv2.imwrite(str(place.folder / "photographs" / name), scene(60, 90, number))
    cv2.imwrite(str(place.folder / "street.png"), scene(70, 101))
    return place


@pytest.fixture(scope="module")
def labels(installed):
    """Of the photograph, as ``segadapt predict`` writes them."""
    words = ("images=street.png", "out=single", "numbers=train", "device=cpu", "inference=whole")
    installed.run("segadapt", "predict", f"run={RUN}", *words)
    written = class_numbers(installed.folder / "single/labels/street.png")
    assert written.shape == (70, 101)
    assert len(np.unique(written)) > 1
    return written


def class_numbers(file):
    return np.array(Image.open(file))  # of a palette, the numbers rather than the colours


@pytest.fixture(scope="module")
def bundle(installed):
    words = (f"run={RUN}", "out=digits.zip", "sample=street.png")
    out, _ = installed.run("segadapt", "bundle", *words)
    assert 'segadapt.load("' in out
    return "digits.zip"


def test_a_folder_is_predicted_and_again_nothing_is_left_to_do(installed):
    words = ("segadapt", "predict", f"run={RUN}", "images=photographs", "out=many", "device=cpu")
    installed.run(*words)
    files = sorted((installed.folder / "many").rglob("*.*"))
    again, _ = installed.run(*words)
    kinds = {file.relative_to(installed.folder / "many").parts[0] for file in files}
    assert {"labels", "overlay", "predictions.json"} <= kinds
    assert (installed.folder / "many/labels/more/c.png") in files
    assert "3" in again
    assert sorted((installed.folder / "many").rglob("*.*")) == files


def test_python_predicts_as_the_command_does(installed, labels):
    out, _ = installed.run("python", "-c", IN_PYTHON, RUN)
    assert out == "(70, 101) 20 SSAClassifier\n"
    assert (installed.folder / "overlay.jpg").is_file()
    assert class_numbers(installed.folder / "labels.png").shape == labels.shape


def test_onnxruntime_gives_the_labels_of_predict(installed, labels):
    out, _ = installed.run("segadapt", "export", f"run={RUN}", "out=digits.onnx")
    assert "validation images" in out
    assert "written: " in out
    installed.run("python", "-c", IN_ONNXRUNTIME)
    assert (np.load(installed.folder / "onnx.npy") == labels).mean() > 0.999


@pytest.mark.parametrize("form", ["torch", "safetensors"])
def test_the_other_formats_are_exported(installed, form):
    suffix = {"torch": "pt2", "safetensors": "safetensors"}[form]
    words = (f"run={RUN}", f"format={form}", f"out=digits.{suffix}")
    assert "labels are equal" in installed.run("segadapt", "export", *words)[0]


def test_a_bundle_predicts_without_its_run(installed, labels, bundle):
    assert "SSAClassifier" in installed.run("python", "-c", IN_PYTHON, bundle)[0]
    words = ("images=street.png", "out=from_bundle", "numbers=train", "device=cpu")
    installed.run("segadapt", "predict", f"run={bundle}", *words, "inference=whole")
    assert (class_numbers(installed.folder / "from_bundle/labels/street.png") == labels).all()


def test_a_bundle_is_pushed_and_loaded_from_the_hub(installed, bundle):
    words = ("segadapt", "push", f"bundle={bundle}", "repo=owner/digits")
    quiet = {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_TOKEN": "hf_none"}
    with LocalHub("owner/digits") as hub:
        online = {**quiet, "HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "0"}
        assert 'segadapt.load("hf:owner/digits")' in installed.run(*words, variables=online)[0]
        installed.run("python", "-c", IN_PYTHON, "hf:owner/digits", variables=online)
    out, _ = installed.run("python", "-c", IN_PYTHON, "hf:owner/digits", variables=quiet)
    assert "SSAClassifier" in out
    # the server has gone
    _, err = installed.run(*words, code=1, variables=online)
    assert err.startswith("error: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("origin", [RUN, "digits.zip"])
def test_a_training_starts_from_a_run_or_a_bundle(installed, bundle, origin):
    folder = f"runs/from_{'bundle' if origin == bundle else 'run'}"
    words = ("classifier=ssa", "data.steps=20", "data.eval_every=20", f"hydra.run.dir={folder}")
    out, _ = installed.run("segadapt", "train", *DIGITS, *words, f"init={origin}")
    assert "encoder: " in out
    assert "tensors taken, 0 new, 0 unused" in out
    kept = json.loads((installed.folder / folder / "init.json").read_text())
    assert all(part["taken"] for part in kept["parts"])
    state = [
        torch.load(installed.folder / run / "checkpoints/last.ckpt", weights_only=True)
        for run in (RUN, folder)
    ]
    assert state[1]["global_step"] == 20


def test_the_doctor_says_what_this_machine_lacks(installed):
    words = ("segadapt", "doctor", "json=true", "hub=false", "runs=runs")
    found = json.loads(installed.run(*words)[0])
    assert found["ok"]
    assert len(found["findings"]) > 8
    lines, _ = installed.run("segadapt", "doctor", "hub=false", "train=false", "runs=runs")
    assert lines.endswith("all checks passed\n")


def test_what_is_missing_is_one_sentence(installed):
    shutil.rmtree(installed.folder / "nothing", ignore_errors=True)
    for words in (
        ("predict", "run=nothing", "images=photographs", "out=x"),
        ("predict", f"run={RUN}", "images=nothing", "out=x"),
        ("export", "run=nothing", "out=x.onnx"),
        ("bundle", "run=nothing", "out=x"),
        ("push", "bundle=nothing", "repo=owner/name"),
        ("train", *DIGITS, "init=nothing"),
    ):
        _, err = installed.run("segadapt", *words, code=1)
        assert err.startswith("error: ")
        assert "nothing" in err
        assert err.count("\n") == 1
