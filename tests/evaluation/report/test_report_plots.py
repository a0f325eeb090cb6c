"""The marks of a report's figures and their explanations, read from matplotlib's objects."""

import numpy as np
import pytest
from drawn import legend_of, texts_outside
from matplotlib.colors import to_hex

from segadapt.evaluation.report.plots import (
    BRANCH_COLORS,
    class_bars,
    confusion_map,
    reliability,
    trimap_curves,
)

NAMES = ("sky", "road", "a class with a long name", "car")
NUMBERS = np.random.default_rng(0).random((3, 4))


def branch(iou, names=NAMES):
    bins = [{"pixels": 5, "confidence": c, "accuracy": c**2} for c in (0.25, 0.5, 1.0)]
    return {
        "miou": 0.5,
        "classes": [
            {"name": name, "iou": None if np.isnan(value) else float(value)}
            for name, value in zip(names, iou, strict=True)
        ],
        "calibration": {"bins": bins, "expected_error": 0.1578},
        "trimap": [{"pixels": width, "miou": 0.1 * width} for width in (1, 2, 4)],
    }


@pytest.fixture
def results():
    student, coarse, oracle = NUMBERS
    student[1] = np.nan
    return {"student": branch(student), "coarse": branch(coarse), "oracle": branch(oracle)}


def test_every_line_of_the_calibration_is_explained(results):
    figure = reliability(results)
    entries, title = legend_of(figure)
    lines = {to_hex(line.get_color()) for line in figure.axes[0].lines}
    assert (
        {to_hex(color) for color in entries.values()}
        == lines
        == {*BRANCH_COLORS.values(), "#000000"}
    )
    assert "student: expected error 15.78 %" in entries
    assert "as often right as it says" in entries
    assert title == "a point for each of 3 bins of confidence"


def test_a_class_without_iou_is_told_from_one_with_iou_0(results):
    figure = class_bars(results)
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert names[-1] == "road (absent)"
    assert sum("absent" in name for name in names) == 1


def test_no_text_leaves_the_canvas_and_no_legend_covers_an_axis(results):
    confusion = np.full((4, 4), 3)
    figures = [class_bars(results), reliability(results), trimap_curves(results)]
    for figure in [*figures, confusion_map(confusion, NAMES)]:
        assert texts_outside(figure) == []
    for figure in figures[:2]:
        assert not any(axes.legend_ for axes in figure.axes)


def test_of_hundreds_of_classes_the_best_and_the_worst_are_drawn():
    iou = np.random.default_rng(0).random(300)
    iou[7] = np.nan
    many = branch(iou, [f"class {k}" for k in range(300)])
    figure = class_bars({"student": many, "coarse": many})
    shown = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ranked = [f"class {k}" for k in np.argsort(-np.nan_to_num(iou, nan=-1.0))[:299]]
    assert shown == ranked[:20] + ranked[-20:]
    assert figure.axes[0].get_title() == "40 of 300 classes: highest and lowest IoU"
    assert figure.get_size_inches()[1] < 30
    assert texts_outside(figure) == []


def test_a_map_of_hundreds_of_classes_has_numbers_for_names():
    figure = confusion_map(np.eye(300, dtype=np.int64), [f"class {k}" for k in range(300)])
    axes = figure.axes[0]
    labels = [text.get_text() for text in (*axes.get_xticklabels(), *axes.get_yticklabels())]
    assert not any("class" in label for label in labels)
    assert len(labels) < 40
    assert axes.get_ylabel() == "label (number of the class)"
