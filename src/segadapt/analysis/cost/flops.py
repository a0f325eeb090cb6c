"""Multiply-adds of inference as torch counts them, matrix products included."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from segadapt.analysis.cost.meta import meta_image, on_meta
from segadapt.segmentor import Segmentor


def true_macs(model: Segmentor, height: int, width: int) -> int:
    """Multiply-adds that score one image: half of what :class:`FlopCounterMode` counts.

    All convolutions and matrix products count, those of attention and of the prototypes too;
    element-wise work, normalisation and resizing do not. The teacher and the auxiliary head do not
    run.

    Args:
        model: Network, on any device.
        height: Rows of the image.
        width: Columns of the image.
    """
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        on_meta(model)(meta_image(height, width))
    return counter.get_total_flops() // 2
