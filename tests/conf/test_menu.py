"""What conf/ names lies on top of the rooms, where a reader looks for it; parts lie below."""

import importlib

import pytest
from conf_targets import conf_targets

MENUS = (
    "segadapt.classifiers",
    "segadapt.data.datasets",
    "segadapt.data.transforms",
    "segadapt.evaluation.inference",
    "segadapt.losses",
    "segadapt.models",
    "segadapt.models.decoders",
    "segadapt.models.encoders",
    "segadapt.training.callbacks",
    "segadapt.training.loggers",
    "segadapt.training.optim",
)
EXCEPTIONS = {
    "segadapt.data.module",  # of all data sets
    "segadapt.models.encoders.timm_patches.efficientformer",  # applied to encoders of timm
    "segadapt.models.encoders.timm_patches.mobilenetv2",
    "segadapt.runs.new_folder",  # a callback of Hydra
}


@pytest.fixture(scope="module")
def modules():
    """Of each target."""
    return {target: target.rpartition(".")[0] for target in conf_targets()}


def test_every_target_lies_on_the_menu_of_its_room(modules):
    assert len(modules) > 60
    elsewhere = {
        target
        for target, module in modules.items()
        if module.rpartition(".")[0] not in MENUS and module not in EXCEPTIONS
    }
    assert elsewhere == set()


def test_every_target_is_defined_where_it_is_named(modules):
    for target, module in modules.items():
        named = getattr(importlib.import_module(module), target.rpartition(".")[2])
        assert named.__module__ == module


def test_no_menu_and_no_exception_is_for_nothing(modules):
    rooms = {module.rpartition(".")[0] for module in modules.values()}
    assert rooms >= set(MENUS)
    assert set(modules.values()) >= EXCEPTIONS
