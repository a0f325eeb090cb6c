from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from unchecked import run_unchecked

from segadapt.functional.boundary import boundary_band, canny_edges, change_edges

KINDS = ("blobs", "fine blobs", "noise", "two labels", "rectangles", "tiny")


def maps(kind: str, number: int, generator: torch.Generator) -> torch.Tensor:
    """Label maps of 0 to 255, ignored regions included."""

    def draw(high: int, *shape: int) -> torch.Tensor:
        return torch.randint(high, shape, generator=generator)

    if kind == "noise":
        return draw(256, number, 31, 40)
    if kind == "two labels":
        return draw(2, number, 40, 33)
    if kind == "tiny":
        return draw(3, number, 5, 7)
    if kind == "rectangles":
        mask = torch.zeros(number, 48, 48, dtype=torch.long)
        for labels in mask:
            for _ in range(6):
                top, left = draw(42, 2).tolist()
                height, width = (4 + draw(26, 2)).tolist()
                labels[top : top + height, left : left + width] = int(draw(150, 1))
        return mask
    return blobs(number, 9 if kind == "blobs" else 3, generator)


def blobs(number: int, smooth: int, generator: torch.Generator) -> torch.Tensor:
    """Argmax of smooth noise, with random class numbers and smooth ignored regions."""
    noise = torch.randn(number, 8, 24, 26, generator=generator)
    noise = F.avg_pool2d(F.pad(noise, (smooth // 2,) * 4, mode="reflect"), smooth, 1)
    labels = F.interpolate(noise, size=(60, 70), mode="bilinear").argmax(1)
    names = torch.stack([torch.randperm(150, generator=generator)[:8] for _ in range(number)])
    labels = names.gather(1, labels.flatten(1)).view_as(labels)
    holes = torch.randn(number, 1, 4, 4, generator=generator)
    holes = F.interpolate(holes, size=(60, 70), mode="bilinear")[:, 0]
    return labels.masked_fill(holes > 1, 255)


def by_opencv(mask: torch.Tensor) -> torch.Tensor:
    edges = [cv2.Canny(labels.astype(np.uint8), 0.1, 0.2) > 50 for labels in mask.numpy()]
    return torch.from_numpy(np.stack(edges))


def dilated_by_opencv(edges: torch.Tensor, size: int, border: int) -> torch.Tensor:
    square = np.ones((size, size), np.uint8)
    bands = []
    for edge in edges.numpy().astype(np.uint8):
        kept = edge.copy()
        if border:
            kept[:border] = kept[-border:] = 0
            kept[:, :border] = kept[:, -border:] = 0
        bands.append(cv2.dilate(kept, square, iterations=1) > 0)
    return torch.from_numpy(np.stack(bands))


@pytest.mark.parametrize("kind", KINDS)
def test_canny_equals_opencv(kind):
    mask = maps(kind, 50, torch.Generator().manual_seed(1))
    assert torch.equal(canny_edges(mask), by_opencv(mask))


@pytest.mark.slow
@pytest.mark.parametrize("number", range(10))
@pytest.mark.parametrize("kind", KINDS[:5])
def test_canny_equals_opencv_on_ten_thousand_maps(kind, number):
    """50 cases of 200 maps."""
    mask = maps(kind, 200, torch.Generator().manual_seed(100 + number))
    assert torch.equal(canny_edges(mask), by_opencv(mask))


def test_canny_takes_bytes():
    mask = maps("blobs", 3, torch.Generator().manual_seed(2))
    assert torch.equal(canny_edges(mask.to(torch.uint8)), canny_edges(mask))


def test_canny_of_one_label_is_empty():
    assert not canny_edges(torch.full((2, 9, 8), 255)).any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (6, 1), (2, 2)])
def test_canny_of_the_smallest_maps(shape):
    mask = torch.arange(shape[0] * shape[1]).view(1, *shape) % 3
    assert canny_edges(mask).shape == mask.shape


@pytest.mark.parametrize(("size", "border"), [(1, 0), (2, 0), (3, 6), (4, 6), (4, 0), (5, 2)])
def test_band_equals_opencv_dilation(size, border):
    edges = by_opencv(maps("blobs", 10, torch.Generator().manual_seed(3)))
    wanted = dilated_by_opencv(edges, size, border)
    assert torch.equal(boundary_band(edges, size, border), wanted)


@pytest.mark.parametrize(
    ("size", "band"), [(3, [18, 19, 20]), (4, [18, 19, 20, 21]), (5, [17, 18, 19, 20, 21])]
)
@pytest.mark.parametrize("find", [canny_edges, change_edges])
def test_band_lies_around_a_step(find, size, band):
    """The bands that were measured around a step between columns 19 and 20."""
    mask = (torch.arange(40) >= 20).long().expand(1, 30, 40)
    columns = boundary_band(find(mask), size)[0, 15].nonzero()[:, 0]
    assert columns.tolist() == band


def test_a_frame_wider_than_the_map_leaves_nothing():
    assert not boundary_band(torch.ones(1, 12, 40, dtype=torch.bool), 3, border=6).any()


def test_change_is_another_label_right_or_below():
    mask = torch.randint(3, (2, 6, 7))
    wanted = torch.zeros(2, 6, 7, dtype=torch.bool)
    for b in range(2):
        for i in range(6):
            for j in range(7):
                right = j < 6 and mask[b, i, j] != mask[b, i, j + 1]
                wanted[b, i, j] = right or (i < 5 and mask[b, i, j] != mask[b, i + 1, j])
    assert torch.equal(change_edges(mask), wanted)


def test_only_change_ignores_the_numbers_of_classes():
    mask = maps("blobs", 4, torch.Generator().manual_seed(4))
    other = torch.cat([torch.randperm(255), torch.tensor([255])])[mask]
    assert torch.equal(change_edges(mask), change_edges(other))
    assert not torch.equal(canny_edges(mask), canny_edges(other))


@pytest.mark.slow
def test_boundary_is_one_graph():
    run_unchecked(Path(__file__).with_name("boundary_compiled.py"))  # raises where it is not


def test_boundary_needs_no_value_on_the_host():
    mask = torch.zeros(2, 30, 40, dtype=torch.uint8, device="meta")
    assert boundary_band(canny_edges(mask), 3, 6).shape == mask.shape
