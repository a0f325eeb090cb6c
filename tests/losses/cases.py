"""Small inputs for the tests of the losses."""

import torch
from torch import Tensor, nn

from segadapt.structures import IGNORE, Branch, Prediction


def logits(*shape: int, scale: float = 3.0) -> Tensor:
    return (scale * torch.randn(*shape, dtype=torch.float64)).requires_grad_()


def labels(images: int, height: int, width: int, classes: int) -> Tensor:
    """Every kind of pixel; the last class never occurs, the first row of image 0 is ignored."""
    mask = torch.randint(max(classes - 1, 1), (images, height, width))
    mask[0, 0] = IGNORE
    return mask


def prediction(**branches: Tensor) -> Prediction:
    """A prediction of these scores; the student's are the first given if it is not named."""
    branches = {"student": next(iter(branches.values())), **branches}
    return Prediction(**{name: Branch(scores) for name, scores in branches.items()})


def gradient(loss: Tensor, *of: Tensor) -> tuple[Tensor, ...]:
    return torch.autograd.grad(loss, of, retain_graph=True)


def close(mine: Tensor, theirs: Tensor, tolerance: float = 1e-9) -> None:
    torch.testing.assert_close(
        mine, theirs, rtol=tolerance, atol=tolerance, check_dtype=False, check_stride=False
    )


class Constant(nn.Module):
    """A term of a given value, or without one."""

    def __init__(self, value: float | None) -> None:
        super().__init__()
        self.value = None if value is None else nn.Parameter(torch.tensor(value))

    def forward(self, prediction: Prediction, mask: Tensor) -> Tensor | None:
        return self.value
