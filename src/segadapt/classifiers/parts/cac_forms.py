"""Ways to form a context-aware classifier (CAC Table 5).

C is the fixed classifier, C_* the class-wise mean feature: C_y from the labels, C_p from the coarse
prediction. The rows of the table are pairs of these, one for the teacher's A_y and one for the
student's A_p.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

Prototypes = Float[Tensor, "b k d"]


class Form(NamedTuple):
    """Number of vectors of width d that enter the projector, and how prototypes are made."""

    inputs: int
    make: Callable[[nn.Module, Prototypes, Prototypes], Prototypes]


def concatenated(theta: nn.Module, context: Prototypes, fixed: Prototypes) -> Prototypes:
    """theta(C_* cat C), Eqs. 2 and 5; the method (row #)."""
    return theta(torch.cat([context, fixed], dim=2))


def residual(theta: nn.Module, context: Prototypes, fixed: Prototypes) -> Prototypes:
    """theta(C_* cat C) + C (row e)."""
    return concatenated(theta, context, fixed) + fixed


def projected_sum(theta: nn.Module, context: Prototypes, fixed: Prototypes) -> Prototypes:
    """theta(C_* + C) (row d)."""
    return theta(context + fixed)


def projected(theta: nn.Module, context: Prototypes, fixed: Prototypes) -> Prototypes:
    """theta(C_*) (row c)."""
    return theta(context)


def plain_sum(_: nn.Module, context: Prototypes, fixed: Prototypes) -> Prototypes:
    """C_* + C (row b)."""
    return context + fixed


def plain(_: nn.Module, context: Prototypes, fixed: Prototypes) -> Prototypes:
    """C_* (row a; teacher of row f, student of row g)."""
    return context


def unadapted(_: nn.Module, context: Prototypes, fixed: Prototypes) -> Prototypes:
    """C (teacher of row h, student of row i)."""
    return fixed


FORMS: Final[Mapping[str, Form]] = {
    "concatenated": Form(2, concatenated),
    "residual": Form(2, residual),
    "projected_sum": Form(1, projected_sum),
    "projected": Form(1, projected),
    "plain_sum": Form(0, plain_sum),
    "plain": Form(0, plain),
    "unadapted": Form(0, unadapted),
}
