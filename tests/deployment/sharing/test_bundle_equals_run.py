"""A bundle treats images as its run does, whatever the settings of the data."""

import numpy as np
import pytest
from compositions import composed
from deployed import PARTS, scene, write_run
from omegaconf import OmegaConf

import segadapt
from segadapt.data.label_table.table import LabelTable, Values
from segadapt.deployment.loading.data_facts import data_facts
from segadapt.deployment.sharing.bundle import bundle, shared_config

FOLDER = ("data=folder", "data.root=/moved/away", "data.num_classes=3", "data.crop=[32,32]")
SPECIAL = ("data.channels=4", "data.depth=16", "data.range=[0,9000]")
STATISTICS = ("data.mean=[0.1,0.2,0.3,0.4]", "data.std=[0.1,0.2,0.3,0.4]")


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A run whose training read windows, and its bundle."""
    folder = tmp_path_factory.mktemp("windows")
    words = (*FOLDER, "data.windows=64", "data.scale=[512,128]", "classifier=fixed")
    run = write_run(folder / "run", *words, classes=["a", "b", "c"])
    places = (run, bundle(str(run), folder / "bundle"))
    return [segadapt.load(place, device="cpu") for place in places]


def test_a_network_of_windows_predicts_the_same_from_its_bundle(pair):
    image = scene(64, 64)
    own, shared = (model.predict(image).scores() for model in pair)
    np.testing.assert_array_equal(shared, own)
    own, shared = (model.trained.data.resized(image).shape for model in pair)
    assert shared == own == (64, 64, 3)
    assert [model.trained.data.windows for model in pair] == [64, 64]


def test_the_default_window_of_sliding_inference_is_the_runs_crop(pair):
    image = scene(64, 80)
    own, shared = (model.predict(image, inference="slide").scores() for model in pair)
    np.testing.assert_array_equal(shared, own)


@pytest.mark.parametrize(
    "words",
    [
        ("data=camvid", "data.root=/moved/away"),
        ("data=cityscapes", "data.root=/moved/away", "data.scale=[48,32]"),
        ("data=ade20k", "data.root=/moved/away"),
        FOLDER,
        (*FOLDER, "data.windows=64"),
        (*FOLDER, "data.lossy_labels=nearest"),
        (*FOLDER, *SPECIAL, *STATISTICS),
    ],
)
def test_a_shared_config_says_the_same_about_images(words):
    config = OmegaConf.masked_copy(composed("model=tiny", "paths.run=run", *words), PARTS)
    OmegaConf.resolve(config)
    names = ("a", "b", "c")
    table = LabelTable(names, tuple(Values((k,)) for k in range(3)), Values((255,)))
    own = data_facts(config, names, table)
    shared = data_facts(OmegaConf.create(shared_config(config)), names, table)
    image = scene(40, 60)
    np.testing.assert_array_equal(shared.resized(image), own.resized(image))
    for field in ("name", "classes", "form", "statistics", "windows"):
        assert getattr(shared, field) == getattr(own, field)
    assert shared.labels.table == own.labels.table
    assert shared.labels.form == own.labels.form
