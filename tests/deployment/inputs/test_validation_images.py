"""The validation images of a network: those of its run, and the reason where there are none."""

from pathlib import Path

import numpy as np
import pytest
from deployed import write_run
from geotiffs import coordinates, raster_set
from hydra.errors import InstantiationException

import segadapt
from segadapt.deployment.demo.samples import offered_samples
from segadapt.deployment.export.export import Exported, with_accuracy
from segadapt.deployment.export.form import Form
from segadapt.deployment.export.parity import Parity
from segadapt.deployment.export.trial_images import calibration_images, trial_images
from segadapt.deployment.inputs import validation as opening
from segadapt.deployment.inputs.validation import validation
from segadapt.deployment.loading.read import read_network
from segadapt.deployment.prediction_files.work import Network
from segadapt.deployment.sharing.bundle import bundle

OUT = Path("x.onnx")
CAUSE = "a bundle does not hold its data set"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    words = ("data=digits", "data.crop=[32,32]", "classifier=fixed", "data.module.val.length=3")
    return write_run(tmp_path_factory.mktemp("runs") / "digits", *words)


@pytest.fixture(scope="module")
def shared(run, tmp_path_factory):
    return bundle(str(run), tmp_path_factory.mktemp("bundles") / "digits")


def samples_of(place):
    model = segadapt.load(place, device="cpu")
    return offered_samples([Network("a", model, model.predictor())], None, 12, 10**6)


def test_rasters_that_are_read_by_windows_are_one_sample_each(tmp_path):
    raster_set(tmp_path / "data")
    words = ("data=folder", f"data.root='{tmp_path / 'data'}'", "data.crop=[32,32]")
    run = write_run(tmp_path / "run", *words, "data.windows=64", "classifier=fixed")
    samples = samples_of(run)
    assert [sample.name for sample in samples.items] == ["scene.tif"]
    assert samples.origin == "1 validation images of folder"
    np.testing.assert_array_equal(samples.items[0].read().pixels, coordinates(300, 420)[0])


def test_the_demo_says_that_a_bundle_has_no_validation_images(shared):
    samples = samples_of(shared)
    assert samples.items == []
    assert samples.origin == f"none ({CAUSE}); name some with images=PATH"


def test_an_export_says_that_a_bundle_has_no_images(shared):
    trained = read_network(str(shared))
    trial = trial_images(trained, None, OUT)
    reason = f"no validation images: {CAUSE}; pass images=PATH"
    assert trial.origin == f"3 drawn at random ({reason})"
    lacking = calibration_images(trained, None, OUT).lacking
    assert lacking == f"there are no training images: {CAUSE}; pass images=PATH"


def test_the_accuracy_of_a_bundles_file_is_unknown_for_the_same_reason(shared):
    parity = Parity(0.0, 1.0, 1, [[32, 32]])
    made = Exported(OUT, parity, "drawn", {})
    kept = with_accuracy(made, lambda image: image, read_network(str(shared)), Form(), 2)
    sentence = f"no validation images: {CAUSE}; export its run folder to measure it"
    assert (kept.accuracy, kept.unmeasured) == (None, sentence)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_bug_of_a_data_set_is_not_taken_for_missing_images(run, monkeypatch, wrapped):
    def broken(data, folder):
        bug = TypeError("unsupported operand")
        if wrapped:
            raise InstantiationException("Error in call to target") from bug
        raise bug

    monkeypatch.setattr(opening, "split_of_run", broken)
    trained = read_network(str(run))
    for action in (
        lambda: validation(trained),
        lambda: trial_images(trained, None, OUT),
        lambda: calibration_images(trained, None, OUT),
    ):
        with pytest.raises(TypeError, match="unsupported operand"):
            action()


def test_a_data_set_of_another_version_is_a_sentence_without_the_runs_place(run):
    trained = read_network(str(run))
    trained.config.data.module.val.future = 1
    origin = trial_images(trained, None, OUT).origin
    assert "has data.module.val.future, which Digits does not take" in origin
    assert str(run) not in origin
