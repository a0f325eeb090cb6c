import math

import pytest
import torch

from segadapt.models.encoders.parts.deformable_attention import (
    DeformableAttention,
    cell_centres,
    read,
)

SIZES = [(3, 5), (2, 2)]


def bilinear(image, x, y):
    """Value between the four cells around (x, y), counted in cells; nothing lies outside."""
    total = torch.zeros(len(image), dtype=image.dtype)
    left, top = math.floor(x.detach()), math.floor(y.detach())
    for column, across in ((left, 1 - (x - left)), (left + 1, x - left)):
        for row, down in ((top, 1 - (y - top)), (top + 1, y - top)):
            if 0 <= column < image.shape[2] and 0 <= row < image.shape[1]:
                total = total + across * down * image[:, row, column]
    return total


def read_by_loops(values, sizes, places, weights):
    batch, heads, queries, levels, points = weights.shape
    out = []
    for b in range(batch):
        for s in range(heads):
            for q in range(queries):
                start, total = 0, 0
                for level, (rows, columns) in zip(range(levels), sizes, strict=True):
                    cells = values[b, s, :, start : start + rows * columns]
                    image = cells.reshape(-1, rows, columns)
                    start += rows * columns
                    for p in range(points):
                        x, y = places[b, s, q, level, p]
                        found = bilinear(image, x * columns - 0.5, y * rows - 0.5)
                        total = total + weights[b, s, q, level, p] * found
                out.append(total)
    return torch.stack(out).reshape(batch, heads, queries, -1).transpose(2, 3)


@pytest.fixture
def parts():
    """Values, places (some outside of the image) and weights, in double precision."""
    values = torch.randn(2, 2, 3, 19, dtype=torch.float64, requires_grad=True)
    places = (1.6 * torch.rand(2, 2, 4, 2, 3, 2, dtype=torch.float64) - 0.3).requires_grad_()
    weights = torch.rand(2, 2, 4, 2, 3, dtype=torch.float64, requires_grad=True)
    return values, places, weights


def test_reading_is_the_sum_over_levels_and_places(parts):
    values, places, weights = parts
    expected = read_by_loops(values, SIZES, places, weights)
    torch.testing.assert_close(read(values, SIZES, places, weights), expected)


def test_gradients_are_those_of_the_sum(parts):
    values, places, weights = parts
    found = read(values, SIZES, places, weights)
    towards = torch.randn_like(found)
    expected = read_by_loops(values, SIZES, places, weights)
    torch.testing.assert_close(
        torch.autograd.grad(found, parts, towards), torch.autograd.grad(expected, parts, towards)
    )


def test_attention_is_the_equation():
    """Eq. 3 of Deformable DETR, one query, head and place after the other."""
    module = DeformableAttention(8, heads=2, levels=2, points=3, ratio=0.5).double()
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter)
    queries = torch.randn(2, 4, 8, dtype=torch.float64)
    cells = torch.randn(2, 19, 8, dtype=torch.float64)
    centres = torch.rand(4, 2, dtype=torch.float64)
    values = (cells @ module.value.weight.T + module.value.bias).reshape(2, 19, 2, 2)
    offsets = queries @ module.offsets.weight.T + module.offsets.bias
    offsets = offsets.reshape(2, 4, 2, 2, 3, 2).transpose(1, 2)
    scores = queries @ module.weights.weight.T + module.weights.bias
    scores = scores.reshape(2, 4, 2, 6).exp()
    weights = (scores / scores.sum(-1, keepdim=True)).reshape(2, 4, 2, 2, 3).transpose(1, 2)
    places = offsets.clone()
    for level, (rows, columns) in enumerate(SIZES):
        places[..., level, :, 0] = centres[:, None, 0] + offsets[..., level, :, 0] / columns
        places[..., level, :, 1] = centres[:, None, 1] + offsets[..., level, :, 1] / rows
    mixed = read_by_loops(values.permute(0, 2, 3, 1), SIZES, places, weights)
    expected = mixed.flatten(1, 2).transpose(1, 2) @ module.project.weight.T + module.project.bias
    torch.testing.assert_close(module(queries, centres, cells, SIZES), expected)


def test_centres_lie_in_the_middle_of_the_cells():
    found = cell_centres((2, 4), torch.zeros(1, dtype=torch.bfloat16))
    expected = [[(column + 0.5) / 4, (row + 0.5) / 2] for row in range(2) for column in range(4)]
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, torch.tensor(expected))


def test_attention_starts_at_rings_of_equal_weight():
    module = DeformableAttention(8, heads=4, levels=2, points=3)
    rings = module.offsets.bias.reshape(4, 2, 3, 2)
    for head, direction in enumerate([(1, 0), (0, 1), (-1, 0), (0, -1)]):
        for point in range(3):
            expected = (point + 1.0) * torch.tensor(direction)
            torch.testing.assert_close(rings[head, 0, point], expected, atol=1e-6, rtol=0)
    assert torch.equal(rings[:, 0], rings[:, 1])
    assert module.offsets.weight.count_nonzero() == 0
    assert not any(p.count_nonzero() for p in module.weights.parameters())


def test_half_precision_tells_neighbouring_cells_of_a_wide_map_apart():
    """In bfloat16, places of 400 cells would fall on one another by twos."""
    module = DeformableAttention(1, heads=1, levels=1, points=1)
    torch.nn.init.zeros_(module.offsets.bias)
    for layer in (module.value, module.project):
        torch.nn.init.ones_(layer.weight)
    cells = torch.arange(400.0)[None, :, None] % 2
    centres = cell_centres((1, 400), cells)
    with torch.autocast("cpu", torch.bfloat16):
        found = module(cells, centres, cells, [(1, 400)])
    torch.testing.assert_close(found.float(), cells, atol=0.01, rtol=0)


def test_heads_must_share_the_channels_evenly():
    with pytest.raises(ValueError, match=r"3 heads cannot share values of 8 x 0\.5 channels"):
        DeformableAttention(8, heads=3, levels=1, ratio=0.5)
