import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import cosine_similarity

from segadapt.analysis.figures.class_similarity import (
    between_classes,
    class_similarity,
    similarity_figure,
)


def test_the_mean_over_images_that_show_both_classes():
    prototypes = torch.randn(3, 4, 5)
    present = torch.tensor([[1, 1, 1, 0], [1, 1, 0, 0], [0, 0, 1, 1]]).bool()
    found = class_similarity(prototypes, present)
    for i in range(4):
        for j in range(4):
            both = [b for b in range(3) if present[b, i] and present[b, j]]
            each = [cosine_similarity(prototypes[b])[i, j] for b in both]
            expected = np.mean(each) if each else np.nan
            assert found[i, j] == pytest.approx(expected, nan_ok=True, abs=1e-6)
    assert np.isnan(found[0, 3])


def test_a_class_is_not_compared_with_itself():
    matrix = np.array([[1, 0.2, np.nan], [0.2, 1, 0.6], [np.nan, 0.6, 1]])
    assert between_classes(matrix) == pytest.approx(0.4)


def test_student_and_teacher_share_one_scale():
    student, teacher = np.array([[1, -0.5], [-0.5, 1]]), np.array([[1, 0.5], [0.5, 1]])
    figure = similarity_figure({"student": student, "teacher": teacher}, ["sky", "road"])
    images = [axes.images[0] for axes in figure.axes[:2]]
    assert [image.get_clim() for image in images] == [(-0.5, 1.0)] * 2
    assert [axes.get_title() for axes in figure.axes[:2]] == [
        "student, mean -0.50",
        "teacher, mean 0.50",
    ]
