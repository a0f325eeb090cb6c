"""Exported files: what they say is what the network says, and what they say of themselves."""

import importlib.util
import json
from pathlib import Path

import jaxtyping
import numpy as np
import pytest
import torch
from deployed import scene, write_run
from safetensors import safe_open
from torch import nn

import segadapt
from segadapt.classifiers.cac import CACClassifier
from segadapt.cli.export import show
from segadapt.deployment.export import preparation
from segadapt.deployment.export.export import export
from segadapt.deployment.export.form import PRECISIONS, SUFFIXES, Form
from segadapt.deployment.export.formats import onnx_file, onnx_program
from segadapt.deployment.export.parity import Parity, measured
from segadapt.deployment.export.trial_images import calibration_images
from segadapt.deployment.loading.read import read_network
from segadapt.functional.class_order import FEW
from segadapt.functional.prototypes import centers_by_class

MISSING = [n for n in ("onnx", "onnxscript", "onnxruntime") if importlib.util.find_spec(n) is None]
onnx_only = pytest.mark.skipif(bool(MISSING), reason=f"needs the extra export: {MISSING}")


@pytest.fixture(scope="module", autouse=True)
def unchecked():
    """Sizes are symbols while a network is exported, and the tests' shape checks want numbers."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    words = ("data=camvid", "data.root=/moved/away", "data.crop=[32,48]", "classifier=ssa")
    return str(write_run(tmp_path_factory.mktemp("runs") / "run", *words))


@pytest.fixture(scope="module")
def programs(run, tmp_path_factory):
    """The labels as a program of torch.export."""
    file = tmp_path_factory.mktemp("exported") / "labels.pt2"
    return export(run, file, Form("torch", "labels"))


def onnx_answer(file, image):
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return session.run(None, {"image": image})[0]


def check_any_size(run, answer):
    """An answer with labels or scores, beside ``predict``."""
    model = segadapt.load(run, device="cpu", precision="32-true")
    for images, rows, columns in ((1, 32, 48), (3, 45, 70)):
        photographs = [scene(rows, columns, seed) for seed in range(images)]
        found = answer(np.stack(photographs).transpose(0, 3, 1, 2))
        labels = found if found.ndim == 3 else found.argmax(1)
        expected = model.predict(photographs, inference="whole")
        assert (labels == np.stack([one.labels for one in expected])).mean() > 0.999
        assert len(np.unique(labels)) > 1


def test_a_program_of_torch_gives_the_labels_of_predict_at_any_size(run, programs):
    module = torch.export.load(programs.file).module()
    check_any_size(run, lambda images: module(torch.from_numpy(images)).numpy())


def takes(module, *sizes):
    """Whether a program takes images of each size."""
    found = []
    for rows, columns in sizes:
        try:
            answer = module(torch.zeros(1, 3, rows, columns, dtype=torch.uint8))
        except (AssertionError, RuntimeError):
            found.append(False)
        else:
            found.append(answer.shape[1:] == (rows, columns))
    return found


def test_a_program_states_the_least_side_that_it_takes(programs, capsys):
    extra = {"segadapt.json": ""}
    module = torch.export.load(programs.file, extra_files=extra).module()
    stated = json.loads(extra["segadapt.json"])
    assert (stated["size"], stated["largest_side"]) == ("any", None)
    least = stated["least_side"]
    assert 1 < least < 32
    assert takes(module, (least, least), (least, 99), (99, least)) == [True] * 3
    assert takes(module, (least - 1, least - 1), (least - 1, 99), (99, least - 1)) == [False] * 3
    show(programs, "fp32")
    assert capsys.readouterr().out == f"the file takes sides of at least {least} pixels\n"


def test_a_program_holds_no_teacher_and_no_dropout(programs):
    program = torch.export.load(programs.file)
    assert not [name for name in program.state_dict if "teacher" in name or "auxiliary" in name]
    assert not [node for node in program.graph.nodes if "dropout" in str(node.target)]


def test_few_classes_bring_no_transposes_into_a_program():
    def operators(classes):
        network = CACClassifier(in_channels=4, num_classes=classes).eval()
        with torch.no_grad():
            program = torch.export.export(network, (torch.rand(1, 4, 3, 5),), strict=False)
        return [node.target for node in program.graph.nodes if node.op == "call_function"]

    # On a CPU, torch computes the softmax of few classes on planes.
    assert operators(FEW) == operators(FEW + 1)


def test_a_program_says_what_it_is(run, programs):
    extra = {"segadapt.json": ""}
    torch.export.load(programs.file, extra_files=extra)
    check_metadata(run, json.loads(extra["segadapt.json"]))


def check_metadata(run, stated):
    model = segadapt.load(run, device="cpu")
    assert tuple(stated["classes"]) == model.classes
    assert stated["palette"] == model.colors.tolist()
    assert stated["sha256"] == model.info["sha256"]
    assert stated["stride"] == 4
    assert stated["mean"] == [0.485, 0.456, 0.406]
    assert stated["parity"]["equal"] >= 0.999
    lacking = "3 drawn at random (no validation images: folder not found: data.root"
    assert stated["parity"]["images"].startswith(lacking)
    assert {"inference", "label_numbers", "miou", "protocol", "size", "std"} <= stated.keys()
    assert "/moved/away" not in json.dumps(stated)
    assert run not in json.dumps(stated)


@onnx_only
@pytest.mark.parametrize("classifier", ["cac", "ssa"])
def test_onnx_gives_the_labels_of_predict_at_any_size(tmp_path, classifier):
    import onnx

    words = ("data=camvid", "data.root=/moved/away", "data.crop=[32,48]")
    run = str(write_run(tmp_path / "run", *words, f"classifier={classifier}"))
    kept = export(run, tmp_path / "x.onnx", Form())
    check_any_size(run, lambda images: onnx_answer(kept.file, images))
    model = onnx.load(kept.file)
    onnx.checker.check_model(model)
    stated = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    check_metadata(run, stated)
    assert stated["parity"]["difference"] <= 1e-3
    assert not [node for node in model.graph.node if node.op_type == "Dropout"]
    assert not [one for one in model.graph.initializer if "teacher" in one.name]


class Centers(nn.Module):
    """The centres of classes, as CAC and SSA find them."""

    def forward(self, image):
        logits, rows = image.split([3, 2], 2)
        return centers_by_class(logits, rows)


@onnx_only
def test_onnx_keeps_the_constant_by_which_a_class_without_mass_is_divided(tmp_path):
    logits = torch.tensor([[[200.0, 0.0, -200.0], [-200.0, 0.0, -200.0]]])
    pixels = torch.cat([logits, torch.rand(1, 2, 2)], 2)
    assert (logits.softmax(2).sum(1) == 0).any()
    program = torch.export.export(Centers(), (pixels,), strict=False)
    file = tmp_path / "x.onnx"
    file.write_bytes(onnx_file(onnx_program(program, "centers"), {}))
    expected = Centers()(pixels).numpy()
    np.testing.assert_allclose(onnx_answer(file, pixels.numpy()), expected, atol=1e-6)


@onnx_only
@pytest.mark.slow
@pytest.mark.parametrize("classifier", ["cac", "ssa"])
@pytest.mark.parametrize(
    ("model", "size", "sizes"),
    [
        ("segformer_mit_b0", None, [[49, 103], [64, 96]]),
        ("upernet_swin", (64, 96), [[64, 96]]),
    ],
)
def test_transformers_export(tmp_path, model, size, sizes, classifier):
    words = ("data=camvid", "data.root=/moved/away", "data.crop=[64,96]", "data.pretrained=false")
    run = str(write_run(tmp_path / "run", *words, f"model={model}", f"classifier={classifier}"))
    kept = export(run, tmp_path / "x.onnx", Form(size=size))
    assert kept.parity.difference <= 1e-3
    assert kept.parity.sizes == sizes


def test_weights_are_the_student_and_say_how_to_build_it(run, tmp_path):
    kept = export(run, tmp_path / "x.safetensors", Form("safetensors"))
    assert kept.parity.difference <= 1e-3
    with safe_open(kept.file, "pt") as file:
        names, stated = set(file.keys()), file.metadata()
    network = read_network(run).network
    assert names == {name for name in network.state_dict() if ".teacher." not in name}
    assert "SSAClassifier" in json.loads(stated["config"])["classifier"]["_target_"]
    assert json.loads(stated["classes"])[0] == "sky"


def shifted(image):
    return np.zeros((1, 11, *image.shape[2:]), np.float32)


def test_a_file_that_says_something_else_is_not_kept(run, tmp_path, monkeypatch):
    monkeypatch.setattr(preparation, "_weights_runner", lambda trained, file: shifted)
    out = tmp_path / "x.safetensors"
    with pytest.raises(ValueError, match="was not kept, because its output differs from"):
        export(run, out, Form("safetensors"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("difference", "equal", "holds"),
    [
        (1e-3, 1.0, True),
        (1.1e-3, 1.0, False),
        (0.0, 0.9989, False),
        (float("nan"), 1.0, False),
        (None, 0.999, True),
        (None, 0.998, False),
    ],
)
def test_what_is_near_enough(difference, equal, holds):
    assert Parity(difference, equal, 6, [[32, 48]]).within(PRECISIONS["fp32"]) is holds


def test_a_score_that_is_not_a_number_is_not_near_enough_in_any_precision():
    parity = Parity(float("nan"), 1.0, 6, [[32, 48]])
    assert not any(parity.within(limits) for limits in PRECISIONS.values())


def test_a_score_that_is_not_a_number_is_measured_as_one(run):
    image = scene(32, 48).transpose(2, 0, 1)[None]

    def broken(given):
        answer = shifted(given)
        answer[0, 0, 0, 0] = np.nan
        return answer

    parity = measured(broken, read_network(run).network, [image, image], "uint8", "scores")
    assert np.isnan(parity.difference)
    assert not parity.within(PRECISIONS["fp32"])


@pytest.mark.parametrize(
    ("form", "name", "message"),
    [
        (Form("tflite"), "x.tflite", "Unknown format 'tflite'. Available: onnx, torch"),
        (Form("torch", "maps"), "x.pt2", "Unknown output 'maps'. Available: scores"),
        (Form("torch", taken="bf16"), "x.pt2", "Unknown input 'bf16'. Available: uint8, float"),
        (Form("torch"), "x.onnx", r"does not end in \.pt2"),
        (Form("torch", size=(0, 8)), "x.pt2", r"size=\[0, 8\]: sides have one pixel"),
        (Form("safetensors", "labels"), "x.safetensors", "holds weights alone"),
        (Form("safetensors", precision="fp16"), "x.safetensors", "remove .* and precision="),
        (Form("torch", precision="int8"), "x.pt2", "precision=int8 is onnxruntime's.*format=onnx"),
        (Form(precision="int4"), "x.onnx", "Unknown precision 'int4'. Available: fp32, fp16, int8"),
    ],
)
def test_words_that_mean_no_file(form, name, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        export("nowhere", tmp_path / name, form)


def test_a_file_in_the_way_stays(programs, run):
    before = programs.file.read_bytes()
    with pytest.raises(ValueError, match="exists; pass overwrite=true"):
        export(run, programs.file, Form("torch"))
    assert programs.file.read_bytes() == before


def test_onnx_without_its_packages_is_one_sentence(run, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'segadapt\[export\]'"):
        export(run, tmp_path / "x.onnx", Form())


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    words = ("data=digits", "data.crop=[64,64]", "classifier=cac", "data.module.val.length=5")
    return str(write_run(tmp_path_factory.mktemp("runs") / "digits", *words, wide=True))


def test_calibration_takes_training_images_however_few_validation_images_there_are(digits):
    calibration = calibration_images(read_network(digits), None, Path("x.onnx"))
    assert len(calibration.images) == 32
    assert calibration.lacking is None


@onnx_only
@pytest.mark.slow
@pytest.mark.parametrize(
    ("precision", "form"), [("int8", "onnx"), ("fp16", "onnx"), ("fp16", "torch")]
)
def test_narrow_files_say_what_they_reach(digits, tmp_path, precision, form):
    kept = export(digits, tmp_path / f"x{SUFFIXES[form]}", Form(form, precision=precision))
    assert kept.accuracy.images == 5
    difference = abs(kept.accuracy.file - kept.accuracy.network)
    assert difference < (0.005 if precision == "fp16" else 0.05)
    assert kept.file.stat().st_size < (1.2e6 if precision == "fp16" else 6e5)
    if form == "torch":
        extra = {"segadapt.json": ""}
        torch.export.load(kept.file, extra_files=extra)
        stated = json.loads(extra["segadapt.json"])
    else:
        import onnx

        props = onnx.load(kept.file).metadata_props
        stated = {entry.key: json.loads(entry.value) for entry in props}
    assert stated["precision"] == precision
    assert stated["accuracy"] == kept.accuracy.stored()
    if precision == "int8":
        assert stated["quantization"]["method"] == "static"
        assert stated["quantization"]["calibration_images"] == 32


@onnx_only
@pytest.mark.slow
def test_without_the_data_set_ranges_are_dynamic_and_nothing_is_measured(run, tmp_path):
    kept = export(run, tmp_path / "x.onnx", Form(precision="int8"))
    assert kept.made["quantization"]["method"] == "dynamic"
    assert "no training images" in kept.made["quantization"]["reason"]
    assert "no validation images" in kept.unmeasured
    assert kept.accuracy is None
