import math

import numpy as np
import torch

from segadapt.analysis.figures.prototype_shift import shift, shift_figure


def turned(*degrees):
    angles = torch.tensor(degrees, dtype=torch.float64).deg2rad()
    return torch.stack([angles.cos(), angles.sin()], dim=-1)


def test_angles_in_the_plane():
    """Class 0 is turned by 10 and 30 degrees, class 1 by 90 in the one image that shows it."""
    adapted = torch.stack([turned(10, 90) * 3, turned(30, 5) * 0.1]).float()
    present = torch.tensor([[True, True], [True, False]])
    found = shift(adapted, turned(0, 0).float(), present)
    np.testing.assert_allclose(found.from_fixed, [[10, 90], [30, math.nan]], atol=1e-4)
    np.testing.assert_allclose(found.from_mean, [[10, 0], [10, math.nan]], atol=1e-4)


def test_what_every_image_moves_alike_is_no_adaptation():
    adapted = turned(40).expand(5, 1, 2).float()
    found = shift(adapted, turned(0).float(), torch.ones(5, 1, dtype=torch.bool))
    np.testing.assert_allclose(found.from_fixed, 40, atol=1e-4)
    np.testing.assert_allclose(found.from_mean, 0, atol=1e-4)


def test_classes_that_no_image_shows_are_not_drawn():
    present = torch.tensor([[True, False]])
    found = shift(turned(10, 20)[None].float(), turned(0, 0).float(), present)
    figure = shift_figure(found, ["sky", "road"])
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["sky"]
