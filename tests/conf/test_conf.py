"""Every option of every group composes with the rest."""

from itertools import cycle, islice
from pathlib import Path

import pytest
from compositions import configurations
from hydra import compose
from omegaconf import OmegaConf

from segadapt.cli.hydra_command import CONF
from segadapt.runs.settings.settle import settle

PRESETS = {  # classifier: the objective that it brings along, by its terms
    "fixed": {"student", "auxiliary"},
    "wide": {"student", "auxiliary"},
    "dnc": {"student", "auxiliary"},
    "gmmseg": {"student", "contrast", "auxiliary"},
    "protoseg": {"student", "contrast", "distance", "auxiliary"},
    "cac": {"coarse", "student", "teacher", "response", "auxiliary"},
    "cac_paper": {"coarse", "student", "teacher", "response", "auxiliary"},
    "cac_aligned": {"coarse", "student", "teacher", "response", "auxiliary"},
    "ssa": {"coarse", "student", "teacher", "response", "semantic", "spatial", "auxiliary"},
    "ssa_paper": {"coarse", "student", "teacher", "response", "semantic", "spatial", "auxiliary"},
    "ssa_aligned": {"coarse", "student", "teacher", "response", "semantic", "spatial", "auxiliary"},
}


def names(group):
    return sorted(file.stem for file in Path(CONF / group).glob("*.yaml"))


def composed(*overrides):
    return next(each([overrides]))


def each(lists):
    """The configs of these overrides."""
    with configurations():
        for overrides in lists:
            yield compose("train", ["data=synthetic", "paths.run=run", *overrides])


PLUGINS = {("sweep", "joblib"), ("sweep", "slurm")}
"""Options that compose only where a launcher is installed: tests/runs/sweeps/test_launchers.py."""


def targets(node):
    """Every name that would be called."""
    match node:
        case dict():
            found = [node["_target_"]] if "_target_" in node else []
            return found + [name for child in node.values() for name in targets(child)]
        case list():
            return [name for child in node for name in targets(child)]
    return []


def test_every_preset_of_a_classifier_is_known():
    assert set(names("classifier")) == set(PRESETS)


@pytest.mark.parametrize("classifier", PRESETS)
def test_a_classifier_brings_its_objective(classifier):
    cfg = composed(f"classifier={classifier}")
    assert set(cfg.loss.terms) == set(cfg.loss.weights) == PRESETS[classifier]


@pytest.mark.parametrize(
    "group",
    [
        # models/test_generators.py composes and builds the models.
        pytest.param("model", marks=pytest.mark.slow),
        *("loss", "optimizer", "schedule", "inference", "trainer"),
        *("logger", "callbacks", "debug", "sweep"),
    ],
)
def test_every_option_composes_and_resolves(group):
    options = [name for name in names(group) if (group, name) not in PLUGINS]
    classifiers = ["cac"] if group in ("loss", "sweep") else list(PRESETS)
    rotated = [f"classifier={name}" for name in islice(cycle(classifiers), len(options))]
    typed = [(other, f"{group}={name}") for other, name in zip(rotated, options, strict=True)]
    for name, found in zip(options, each(typed), strict=True):
        config = settle(found)
        chosen = OmegaConf.to_container(OmegaConf.create(config))
        assert all(target.rpartition(".")[0] for target in targets(chosen)), name
