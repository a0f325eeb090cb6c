"""Scaled cosine similarity of every pixel to every prototype (CAC Eqs. 3 and 6).

The gradient is written by hand: normalised features are never computed, neither forward nor
backward, and only the features and the scores are kept for the backward pass. The compiler gets
plain operations instead and derives their gradient itself.
"""

from collections.abc import Callable
from typing import Any, Final

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

EPSILON: Final = 1e-12
"""Constant added to every denominator, as in the releases (and where the released CAC forgets
it)."""

Score = Callable[[Float[Tensor, "b k d"]], Float[Tensor, "b n k"]]
"""A function from prototypes to the score of every pixel for every class."""


def accurate(values: Shaped[Tensor, "*shape"]) -> Shaped[Tensor, "*shape"]:
    """Values in at least single precision, for norms, masses and divisions under autocast."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def inverse_norm(rows: Float[Tensor, "*n d"]) -> Float[Tensor, "*n 1"]:
    """1 / |row|, and 0 for a row of zeros, whose cosine and gradient are then 0.

    Note:
        The releases give 1e12 there (or NaN, in two heads of CAC). Their features end in a ReLU,
        whose gradient at 0 hides the explosion; ours need not end in one.
    """
    dtype = torch.promote_types(rows.dtype, torch.float32)  # without a copy of the rows
    norm = torch.linalg.vector_norm(rows, dim=-1, keepdim=True, dtype=dtype)
    return torch.where(norm > 0, 1 / (norm + EPSILON), 0.0)


def cosine_scores(rows: Float[Tensor, "b n d"], tau: float) -> Score:
    """A function from prototypes to tau times their cosine with each pixel.

    The norms of the pixels are computed once for all calls of that function, so that student and
    teacher share them. They cannot be differentiated twice.
    """
    traced = torch.compiler.is_compiling()
    inverse = inverse_norm(rows if traced else rows.detach())

    def score(prototypes: Float[Tensor, "b k d"]) -> Float[Tensor, "b n k"]:
        units = (accurate(prototypes) * inverse_norm(prototypes)).to(rows.dtype)
        if traced:
            return (rows @ units.mT) * (tau * inverse)
        return _Cosine.apply(rows, units, inverse, tau)

    return score


class _Cosine(torch.autograd.Function):
    """tau * <f, a> / |f| for unit prototypes a; differentiable once.

    Never traced by torch.compile: torch 2.11 computes wrong gradients for a compiled function that
    changes its output in place and saves it. Without compilation, the plain operations take up to
    twice the time.
    """

    @staticmethod
    def forward(rows: Tensor, units: Tensor, inverse: Tensor, tau: float) -> Tensor:
        products, scale = rows @ units.mT, tau * inverse
        if products.dtype != scale.dtype:
            return products * scale
        return products.mul_(scale)

    @staticmethod
    def setup_context(
        ctx: Any, inputs: tuple[Tensor, Tensor, Tensor, float], output: Tensor
    ) -> None:
        rows, units, inverse, ctx.tau = inputs
        ctx.save_for_backward(rows, units, inverse, output)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        if torch.is_grad_enabled():
            raise RuntimeError("the cosine scores have no second derivative")
        rows, units, inverse, scores = ctx.saved_tensors
        products = (gradient * (ctx.tau * inverse)).to(rows.dtype)  # d / d<f, a>
        for_rows = for_units = None
        if ctx.needs_input_grad[0]:
            # d(1/|f|) = -f / |f|^3, and the scores already hold one 1/|f|.
            along = (gradient * scores).sum(2, keepdim=True)
            if rows.dtype == torch.float16:  # along / |f|^2 may exceed its largest value, 65,504
                rows, along = (rows * inverse).to(rows.dtype), along * inverse
            else:
                along = along * inverse.square()
            for_rows = (products @ units).addcmul_(rows, along.to(rows.dtype), value=-1)
        if ctx.needs_input_grad[1]:
            for_units = products.mT @ rows
        return for_rows, for_units, None, None
