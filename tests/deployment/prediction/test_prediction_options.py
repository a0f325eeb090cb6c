"""Options of ``segadapt.load`` and ``predict``: each clear form is taken, others are refused."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from deployed import scene, write_run

import segadapt
from segadapt.cli.notebook import configured
from segadapt.deployment.prediction.batches import check_counts
from segadapt.runs.reader import checkpoint_file


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    words = ("data=camvid", "data.crop=[32,32]", "classifier=cac")
    return write_run(tmp_path_factory.mktemp("runs") / "run", *words)


@pytest.fixture(scope="module")
def model(run):
    return segadapt.load(run, device=torch.device("cpu"))


def test_a_device_of_torch_is_taken(model):
    image = scene(16, 24)
    expected = model.predict(image, device="cpu").labels
    np.testing.assert_array_equal(model.predict(image).labels, expected)
    found = model.predict(image, device=torch.device("cpu")).labels
    np.testing.assert_array_equal(found, expected)


def test_an_array_that_cannot_be_written_is_taken_without_a_warning(model):
    image = scene(16, 24)
    expected = model.predict(image).labels
    image.flags.writeable = False  # as np.asarray(Image.open(file)) is
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(model.predict(image).labels, expected)
        np.testing.assert_array_equal(model.predict([image, image])[1].labels, expected)


def test_the_home_folder_is_where_results_are_written(model, tmp_path, monkeypatch):
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(elsewhere)
    result = model.predict(scene(16, 24))
    assert result.save("~/a.png") == home / "a.png"
    result.overlay("~/b.png")
    assert {file.name for file in home.iterdir()} == {"a.png", "b.png"}
    assert not list(elsewhere.iterdir())


def test_the_home_folder_is_where_checkpoints_and_runs_are(run, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "my.ckpt").touch()
    assert checkpoint_file(run, "~/my.ckpt") == tmp_path / "my.ckpt"
    assert Path(configured("~/runs/a").paths.run) == tmp_path / "runs" / "a"


MAP = np.zeros((16, 24), int)


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ([MAP], "^1 label for 2 images; pass one label for each image$"),
        ([MAP] * 3, "^3 labels for 2 images; "),
        (MAP, "^labels= is not a list, but there are several images; "),
        ("a.png", "^labels= is not a list, but there are several images; "),
        (5, "^labels= is not a list, but there are several images; "),
        ((map_ for map_ in [MAP]), "^1 label for more images; "),
        ((map_ for map_ in [MAP] * 3), "^2 images, but more labels; "),
    ],
)
def test_there_is_one_label_for_each_image(model, labels, sentence):
    with pytest.raises(ValueError, match=sentence):
        model.predict([scene(16, 24)] * 2, labels=labels)


def test_labels_may_be_stacked(model):
    results = model.predict([scene(16, 24)] * 2, labels=np.stack([MAP, MAP]))
    assert [result.mask.shape for result in results] == [(16, 24)] * 2


@pytest.mark.parametrize(
    "window", [(16, 24), torch.Size([16, 24]), np.array([16, 24]), range(16, 25, 8)]
)
def test_a_window_is_any_sequence_of_two_numbers(model, window):
    image = scene(32, 40)
    expected = model.predict(image, inference="slide", window=[16, 24]).scores()
    found = model.predict(image, inference="slide", window=window).scores()
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("window", [{16, 24}, [16, object()]])
def test_a_setting_that_no_config_can_hold_is_refused(model, window):
    with pytest.raises(ValueError, match=r"inference\.window=.* is not a setting; pass a number"):
        model.predict(scene(32, 40), inference="slide", window=window)


@pytest.mark.parametrize("size", [0, 1.5, "2", True, None])
def test_a_batch_size_is_a_positive_integer(size):
    with pytest.raises(ValueError, match=f"^batch_size={size!r} is out of range; choose an int"):
        check_counts(batch_size=size)


def test_counts_are_checked_before_anything_is_read(model):
    with pytest.raises(ValueError, match="batch_size=True is out of range"):
        model.predict("nowhere.png", batch_size=True)
    with pytest.raises(ValueError, match="max_pixels=0 is out of range"):
        model.predict("nowhere.png", max_pixels=0)
    assert len(model.predict([scene(16, 24)] * 2, batch_size=np.int64(2).item())) == 2


def test_one_further_map_is_named_by_a_word(model, monkeypatch):
    result = model.predict(scene(16, 24), also="confidence")
    monkeypatch.setattr(type(result._predictor), "read", None)  # no further pass
    assert result.confidence.shape == (16, 24)
    with pytest.raises(ValueError, match=r"Unknown branch or map 'changed'\. Available: student"):
        model.predict(scene(16, 24), also="changed")
