"""Number of parameters of a network, in training and in inference."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from segadapt.analysis.cost.flops import meta_image, on_meta
from segadapt.segmentor import Segmentor


class Parameters(NamedTuple):
    """Numbers of parameters."""

    training: int
    """All."""
    deployed: int
    """Parameters used by the student's scores, without teacher and auxiliary head."""


def count_parameters(model: Segmentor) -> Parameters:
    """Count the parameters of a network, and those used in inference."""
    bare = on_meta(model)
    with torch.no_grad(), _Touched() as touched:
        bare(meta_image(64, 64, bare.generator.inputs))
    parameters = list(bare.parameters())
    return Parameters(
        training=sum(parameter.numel() for parameter in parameters),
        deployed=sum(p.numel() for p in parameters if id(p) in touched.parameters),
    )


class _Touched(TorchFunctionMode):
    """Records the parameters that enter any function."""

    def __init__(self) -> None:
        super().__init__()
        self.parameters: set[int] = set()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        leaves = tree_leaves((args, kwargs))
        self.parameters |= {id(leaf) for leaf in leaves if isinstance(leaf, nn.Parameter)}
        return func(*args, **(kwargs or {}))
