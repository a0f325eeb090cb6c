"""The sides that a program says it takes are those that it takes."""

import jaxtyping
import pytest
import torch
from torch import nn
from torch.export import Dim

from segadapt.deployment.export.sides import first, sides_of


@pytest.fixture(scope="module", autouse=True)
def unchecked():
    """Sizes are symbols while a network is exported, and the tests' shape checks want numbers."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


class Branching(nn.Module):
    """Takes one path for images between two sizes, and another for all others."""

    def forward(self, image):
        rows, columns = image.shape[2:]
        if 5 <= rows <= 700 and 5 <= columns <= 700:
            return image.float() + 1
        return image.float()


class Doubling(nn.Module):
    def forward(self, image):
        return image * 2


@pytest.mark.parametrize(("module", "sides"), [(Branching(), (5, 700)), (Doubling(), (1, None))])
def test_limits_are_those_of_the_path_that_was_traced(module, sides):
    image = torch.zeros(2, 3, 16, 24, dtype=torch.uint8)
    free = ({0: Dim.DYNAMIC, 2: Dim.DYNAMIC, 3: Dim.DYNAMIC},)
    program = torch.export.export(module, (image,), dynamic_shapes=free, strict=False)
    assert sides_of(program, "uint8", 16) == sides


@pytest.mark.parametrize("border", [1, 2, 9, 17])
def test_the_first_number_is_found(border):
    assert first(lambda number: number >= border, 1, 17) == border
