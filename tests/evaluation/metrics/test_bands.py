import cv2
import numpy as np
import pytest
import torch

from segadapt.evaluation.metrics.boundary_bands import band, contour
from segadapt.structures import IGNORE


def blobs(size=(23, 31), num_classes=4, seed=0):
    """Label maps with regions of many sizes, ignored pixels and single odd ones."""
    generator = np.random.default_rng(seed)
    rough = generator.integers(0, num_classes, (size[0] // 6 + 1, size[1] // 5 + 1)).astype(
        np.uint8
    )
    labels = cv2.resize(rough, size[::-1], interpolation=cv2.INTER_NEAREST)
    labels[generator.random(size) < 0.01] = IGNORE
    return labels


def released_contour(labels, width):
    """Boundary IoU's mask_to_boundary, class by class."""
    found = np.zeros(labels.shape, dtype=bool)
    for value in np.unique(labels):
        mask = (labels == value).astype(np.uint8)
        framed = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        eroded = cv2.erode(framed, np.ones((3, 3), np.uint8), iterations=width)[1:-1, 1:-1]
        found |= (mask - eroded).astype(bool)
    return found


@pytest.mark.parametrize("width", [1, 2, 3, 7, 40])
@pytest.mark.parametrize("size", [(23, 31), (1, 9), (8, 1), (1, 1)])
def test_contours_are_those_of_the_released_boundary_iou(size, width):
    labels = blobs(size)
    found = contour(torch.from_numpy(labels)[None], width)[0]
    assert (found.numpy() == released_contour(labels, width)).all()


@pytest.mark.parametrize("size", [(23, 31), (1, 9), (8, 1), (1, 1)])
def test_bands_are_chebyshev_distances_to_another_label(size):
    labels, widths = blobs(size, seed=1), [1, 2, 5, 9]
    found = band(torch.from_numpy(labels).long()[None], widths)[0].numpy()
    rows, columns = np.indices(size)
    for row in range(size[0]):
        for column in range(size[1]):
            far = np.maximum(abs(rows - row), abs(columns - column))
            distance = far[labels != labels[row, column]].min(initial=10**6)
            assert found[row, column] == sum(width < distance for width in widths)


def test_images_of_a_batch_do_not_touch():
    maps = torch.from_numpy(np.stack([blobs(seed=2), blobs(seed=3)]))
    assert contour(maps, 2)[1].equal(contour(maps[1:], 2)[0])
    assert band(maps, [2])[1].equal(band(maps[1:], [2])[0])
