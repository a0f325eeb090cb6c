"""Words and numbers that settings are checked by, against the code that reads them."""

import pytest

from segadapt.classifiers.parts.cac_forms import FORMS
from segadapt.classifiers.parts.fixed_prototypes import COARSE_SCORES
from segadapt.classifiers.parts.ssa_position import POSITIONS
from segadapt.classifiers.ssa import SPATIAL_CENTERS
from segadapt.data.datasets.cached_features import DTYPES
from segadapt.data.datasets.folder import NEAREST
from segadapt.evaluation.inference.views import CONTEXTS
from segadapt.evaluation.inference.windows import BLENDS
from segadapt.functional.prototypes import SCORES
from segadapt.losses.cross_entropy import MEANS
from segadapt.losses.objective import KERNELS
from segadapt.losses.parts.class_weights import CLASS_WEIGHTS
from segadapt.losses.response import AVERAGES, BOUNDARIES, SOURCES
from segadapt.losses.supervised import BRANCHES
from segadapt.runs.ranks import ON_GPUS
from segadapt.runs.settings.ranges import CHOICES, EMPTY, PAIRS, RANGES, under
from segadapt.structures import MAX_CLASSES, ignored_label
from segadapt.training import compiled
from segadapt.training.callbacks.class_balance import RARE
from segadapt.training.loggers.wandb_login import MODES

TABLES = {
    "trainer.accelerator": ("cpu", "mps", *ON_GPUS),
    "inference.blend": BLENDS,
    "inference.context": CONTEXTS,
    "response.boundary": BOUNDARIES,
    "branch": BRANCHES,
    "class_average": AVERAGES,
    "data.rare": RARE,
    "loss.class_weight": tuple(CLASS_WEIGHTS),
    "coarse_score": COARSE_SCORES,
    "entropy_source": SOURCES,
    "lossy_labels": (NEAREST,),
    "logger.mode": ("auto", *MODES),
    "loss.kernel": KERNELS,
    "mean": MEANS,
    "classifier.position": POSITIONS,
    "precision": DTYPES,
    "score": SCORES,
    "trainer.compile": compiled.MODES,
    "spatial_softmax": SPATIAL_CENTERS,
    "student_form": FORMS,
    "teacher_form": FORMS,
}
"""By the keys of CHOICES, what the code takes; Optuna reads ``direction``."""


def test_every_list_of_words_is_compared():
    assert {*TABLES, "direction"} == CHOICES.keys()


@pytest.mark.parametrize("name", TABLES)
def test_the_words_are_those_of_the_code(name):
    assert sorted(CHOICES[name]) == sorted(TABLES[name])


def test_directions_are_those_of_optuna():
    study = pytest.importorskip("optuna.study")
    directions = {way.name.lower() for way in study.StudyDirection} - {"not_set"}
    assert {*CHOICES["direction"]} == directions


def test_labels_reach_to_the_ignored_one_and_no_further():
    ignored = ignored_label(MAX_CLASSES)
    for name, largest in (("num_classes", MAX_CLASSES), ("ignore", ignored)):
        assert RANGES[name].holds(largest)
        assert not RANGES[name].holds(largest + 1)
    assert RANGES["first_label"].holds(ignored)
    assert not RANGES["num_classes"].holds(1)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("optimizer.lr", "lr"),
        ("optimizer.momentum", "optimizer.momentum"),
        ("classifier.momentum", "classifier.momentum"),
        ("model.encoder.channels", "channels"),
        ("model.channels", "model.channels"),
        ("optimizer.betas[]", "betas"),
        ("callbacks.panels.levels[]", "levels[]"),
        ("a.levels", "levels"),
    ],
)
def test_the_longest_name_wins(key, name):
    assert under(key, RANGES) == RANGES[name]


def test_a_name_is_not_a_part_of_another_one():
    assert under("optimizer.color", RANGES) is None
    assert under("data.name", RANGES) is None
    assert set(PAIRS) <= {*RANGES}
    assert "ignored" in EMPTY
