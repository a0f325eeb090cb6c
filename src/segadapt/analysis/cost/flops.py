"""Multiply-adds of inference as counted by torch, including matrix products.

They are counted on networks whose tensors have shapes but no values, without any computation.
"""

import copy

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from segadapt.segmentor import Segmentor


def true_macs(model: Segmentor, height: int, width: int) -> int:
    """Multiply-adds that score one image: half the count of :class:`FlopCounterMode`.

    All convolutions and matrix products count, including those of attention and of the prototypes;
    element-wise operations, normalisation and resizing do not. The teacher and the auxiliary head
    do not run.

    Args:
        model: Network, on any device.
        height: Rows of the image.
        width: Columns of the image.
    """
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        on_meta(model)(meta_image(height, width))
    return counter.get_total_flops() // 2


def on_meta(model: Segmentor) -> Segmentor:
    """A copy for inference whose tensors have shapes but no values."""
    # torch's counter fails if parameters that require gradients are arguments of a module.
    return copy.deepcopy(model).to("meta").eval().requires_grad_(False)


def meta_image(height: int, width: int, channels: int = 3) -> Float[Tensor, "1 _ H W"]:
    """One image without values."""
    return torch.empty(1, channels, height, width, device="meta")
