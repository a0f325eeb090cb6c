"""Convolution of several levels of a pyramid, as if they were resized and concatenated."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segadapt.functional.resize import upsample
from segadapt.models.decoders.parts.layers import Norm
from segadapt.models.decoders.parts.memory_format import for_convolution
from segadapt.models.decoders.parts.resized_convolution import convolve_resized


class JoinedConvolution(nn.Conv2d):
    """Convolves maps of several sizes, as if resized to that of one of them and concatenated.

    Published heads resize all levels of a pyramid to the finest, concatenate and convolve; in
    UPerNet this is two thirds of the network's products. Here, the contributions of coarser levels
    are computed on their own grids. Weights, names and results are those of the convolution.

    Args:
        widths: Channels of each map.
        after: Channels out.
        kernel: Side of the window, odd.
        reference: Index of the map to whose size all are resized.
    """

    def __init__(self, widths: Sequence[int], after: int, kernel: int, reference: int = 0) -> None:
        super().__init__(sum(widths), after, kernel, padding=kernel // 2, bias=False)
        self.widths = tuple(widths)
        self.reference = reference

    def forward(  # type: ignore[override] # several maps instead of one
        self, maps: Sequence[Float[Tensor, "b _ _ _"]]
    ) -> Float[Tensor, "b d H W"]:
        height, width = size = maps[self.reference].shape[2:]
        parts = list(zip(maps, self.weight.split(self.widths, 1), strict=True))
        # With more than half of the cells the detour would cost more than it saves.
        # A program for images of any size cannot ask, and does without.
        exporting = torch.compiler.is_exporting()
        coarse = [
            not exporting and 2 * one.shape[2] * one.shape[3] <= height * width for one, _ in parts
        ]
        fine = [part for part, apart in zip(parts, coarse, strict=True) if not apart]
        joined = torch.cat([_sized(one, size) for one, _ in fine], 1)
        weight = torch.cat([weight for _, weight in fine], 1)
        result = F.conv2d(*for_convolution(joined, weight), padding=self.padding)
        for (one, weight), apart in zip(parts, coarse, strict=True):
            if apart:
                result = result + convolve_resized(one, weight, size)
        return result


def _sized(one: Tensor, size: Sequence[int]) -> Tensor:
    fits = not torch.compiler.is_exporting() and one.shape[2:] == size
    return one if fits else upsample(one, size)


def joined_convolution(
    widths: Sequence[int], after: int, kernel: int, norm: Norm, reference: int = 0
) -> nn.Sequential:
    """:class:`JoinedConvolution`, normalisation, ReLU, with mmsegmentation's random start."""
    convolution = JoinedConvolution(widths, after, kernel, reference)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(convolution, norm(after), nn.ReLU(inplace=True))
