"""Every figure of a network explains its marks; a class has one colour in all of them."""

import matplotlib.colors
import numpy as np
import pytest
import torch
from drawn import legend_of, texts_outside
from matplotlib.collections import PathCollection

from segadapt.analysis.figures.boundaries import boundaries_figure
from segadapt.analysis.figures.branch_curves import curves_figure
from segadapt.analysis.figures.class_similarity import similarity_figure
from segadapt.analysis.figures.embedding import ADAPTED, FIXED, PIXEL, Points, embedding_figure
from segadapt.analysis.figures.panels import PanelRow, panels_figure
from segadapt.analysis.figures.prototype_shift import ROWS, Shift, shift_figure
from segadapt.data.palette import class_colors
from segadapt.structures import IGNORE

CLASSES = ("sky", "road", "car", "pole", "a rather long name of a class")
COLORS = class_colors(5, None)


def rgb(color):
    return tuple(np.round(255 * np.array(matplotlib.colors.to_rgb(color))).astype(int).tolist())


def explained(figure):
    """What a legend calls each colour."""
    entries, _ = legend_of(figure)
    return {name: rgb(color) for name, color in entries.items()}


def panels(label, prediction):
    label, prediction = np.array(label), np.array(prediction)
    image = np.zeros((*label.shape, 3), dtype=np.uint8)
    row = PanelRow(image, label, {"cac": prediction}, {"cac": 0.294})
    return panels_figure([row], CLASSES, COLORS)


def embedded():
    kinds = np.repeat([PIXEL, FIXED, ADAPTED], [9, 3, 3])
    classes = np.tile([1, 3, 4], 5)
    points = Points(np.zeros((15, 2)), classes, kinds)
    return embedding_figure(points, np.random.default_rng(0).random((15, 2)), CLASSES, COLORS)


def expected(*numbers):
    return {CLASSES[k]: tuple(COLORS[k].tolist()) for k in numbers}


def test_classes_that_are_only_predicted_are_in_the_legend_of_panels():
    figure = panels([[0, IGNORE], [0, 1]], [[3, 1], [0, 2]])
    assert explained(figure) == expected(0, 1, 2, 3) | {"ignored": (0, 0, 0)}
    assert figure.axes[2].get_xlabel() == "mIoU 29 %"
    assert legend_of(figure)[1].startswith("mIoU of one image: over the classes")


def test_nothing_is_explained_that_is_not_shown():
    assert explained(panels([[4]], [[4]])) == expected(4)


def test_a_class_has_one_colour_in_all_figures():
    plane = embedded()
    colors = {
        rgb(color)
        for points in plane.axes[0].findobj(PathCollection)
        for color in points.get_facecolors()
    }
    assert colors == set(expected(1, 3, 4).values())
    shapes = {"fixed prototype", "adapted prototype", "pixel"}
    marks = explained(plane)
    assert {name: color for name, color in marks.items() if name not in shapes} == expected(1, 3, 4)
    assert shapes < set(marks)
    boundaries = boundaries_figure([torch.tensor([[1, 3], [4, 4]])], CLASSES, COLORS)
    assert explained(boundaries) == expected(1, 3, 4)


def test_a_plane_says_what_its_distances_mean():
    assert legend_of(embedded())[1].startswith("t-SNE: nearby points are alike")


@pytest.mark.parametrize(("border", "dotted"), [(0, False), (1, True)])
def test_white_and_dots_of_boundaries_are_explained(border, dotted):
    target = torch.zeros(8, 8, dtype=torch.long)
    figure = boundaries_figure([target], CLASSES, COLORS, border=border)
    note = legend_of(figure)[1]
    assert note.startswith("white: no boundary")
    assert ("outside the dotted square" in note) == dotted == bool(figure.axes[1].patches)


def test_grey_of_a_similarity_is_explained_where_there_is_some():
    matrix = np.array([[1.0, 0.5], [0.5, 1.0]])
    for unseen in (False, True):
        shown = np.where(np.eye(2) == 1, 1.0, np.nan) if unseen else matrix
        figure = similarity_figure({"student": shown, "teacher": matrix}, CLASSES[:2])
        said = figure.get_supxlabel().replace("\n", " ")
        assert "cosine of the semantic prototypes of two classes" in said
        assert "mean over pairs of different classes" in said
        assert ("grey: no such image" in said) == unseen


def test_marks_of_a_shift_are_explained_and_rows_that_do_not_fit_are_said():
    def drawn(classes):
        angles = np.linspace(0, 30, 2 * classes).reshape(2, classes)
        names = [f"class {k}" for k in range(classes)]
        return legend_of(shift_figure(Shift(angles + 20, angles), names))

    entries, note = drawn(3)
    assert set(entries) == {"to the fixed prototype", "to the mean of all images' prototypes"}
    assert note == "a mark for each image that shows the class; angle"
    _, note = drawn(ROWS + 5)
    assert f"the {ROWS} of {ROWS + 5} with the largest median" in note


def test_branches_of_a_single_validation_are_told_apart():
    """One point has no line, so that its filling has to say which branch it is."""
    one = {"student": [(60, 0.2)], "oracle": [(60, 0.3)], "coarse": [(60, 0.1)]}
    figure = curves_figure({"fixed": {"student": [(60, 0.15)]}, "ssa": one})
    own = [line for line in figure.axes[0].lines if line.get_color() != "black"][1:]
    assert len({line.get_fillstyle() for line in own}) == 3
    assert len({(line.get_color(), line.get_marker()) for line in own}) == 1
    legend = figure.legends[0]
    fillings = {
        text.get_text(): handle.get_fillstyle()
        for text, handle in zip(legend.get_texts(), legend.legend_handles, strict=True)
    }
    assert [fillings[branch] for branch in one] == [line.get_fillstyle() for line in own]


def test_no_text_leaves_the_canvas():
    matrix = np.eye(5)
    figures = [
        panels([[0, 1], [2, 3]], [[4, 4], [4, 4]]),
        embedded(),
        boundaries_figure([torch.zeros(20, 20, dtype=torch.long)], CLASSES, COLORS),
        similarity_figure({"student": matrix, "teacher": matrix}, CLASSES),
        similarity_figure({"student": matrix}, CLASSES),
        curves_figure({"fixed": {"student": [(60, 0.15)]}}),
    ]
    assert [text for figure in figures for text in texts_outside(figure)] == []
