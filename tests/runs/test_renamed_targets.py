"""Names of classes and functions in run folders of earlier versions."""

import importlib

import pytest
from conf_targets import conf_targets

from segadapt.runs.renamed_targets import (
    MODULES,
    OBJECTS,
    PACKAGE,
    renamed,
    with_targets_renamed,
)

EARLIER = (
    "callbacks.panels.Panels",
    "callbacks.progress.TrainingProgress",
    "callbacks.summary.Summary",
    "callbacks.throughput.Throughput",
    "data.ade20k.ADE20K",
    "data.cached.Cached",
    "data.camvid.CamVid",
    "data.cityscapes.Cityscapes",
    "data.coco_stuff.COCOStuff10K",
    "data.coco_stuff.COCOStuff164K",
    "data.digits.Digits",
    "data.folder.Folder",
    "data.pascal_context.PascalContext59",
    "data.pascal_context.PascalContext60",
    "data.synthetic.Synthetic",
    "data.transforms.EvalTransform",
    "data.transforms.TrainTransform",
    "data.voc2012.VOC2012",
    "fresh.Empty",
    "inference.multiscale",
    "inference.slide",
    "inference.whole",
    "losses.assigned.PrototypeContrast",
    "losses.assigned.PrototypeDistance",
    "models.cached.CachedGenerator",
    "models.encoders.efficientformer.take_any_size",
    "models.encoders.mobilenetv2.dilate_first_blocks",
    "models.encoders.plain.PlainTransformer",
    "optim.layers.LayerDecay",
    "optim.optimizers.adamw",
    "optim.optimizers.sgd",
    "optim.schedules.Poly",
    "tracking.WandbTracker",
)
"""Those that conf/ named before the modules moved, and that lie elsewhere now."""


@pytest.mark.parametrize("name", EARLIER)
def test_an_earlier_name_is_that_of_a_live_class_or_function(name):
    module, _, own = renamed(PACKAGE + name).rpartition(".")
    named = getattr(importlib.import_module(module), own)
    assert callable(named)
    assert named.__module__ == module  # where it is defined, as conf/ has it
    assert own == name.rpartition(".")[2] or name in OBJECTS


def test_no_entry_is_for_nothing():
    assert {name.rpartition(".")[0] for name in EARLIER if name not in OBJECTS} == set(MODULES)
    assert set(OBJECTS) <= set(EARLIER)


def test_no_name_of_today_is_taken_for_an_earlier_one():
    today = [*conf_targets(), *(renamed(PACKAGE + name) for name in EARLIER)]
    assert [renamed(name) for name in today] == today


@pytest.mark.parametrize(
    "name", ["torch.nn.Linear", "segadaptation.inference.whole", "segadapt.mine.Own", "", "x"]
)
def test_names_of_others_stay(name):
    assert renamed(name) == name


def test_every_target_of_a_config_is_renamed_and_nothing_else():
    old, new = "segadapt.inference.whole", "segadapt.evaluation.inference.methods.whole"
    node = {"_target_": old, "name": old, "parts": [{"_target_": old}, old], "_args_": 3}
    expected = {"_target_": new, "name": old, "parts": [{"_target_": new}, old], "_args_": 3}
    assert with_targets_renamed(node) == expected
    assert with_targets_renamed({"_target_": [old]}) == {"_target_": [old]}
