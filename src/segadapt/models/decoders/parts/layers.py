"""Layers of mmsegmentation's heads, with its initialisation."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from segadapt.models.decoders.parts.memory_format import for_convolution

Norm = Callable[[int], nn.Module]
"""Builds a normalisation for a number of channels."""


class Convolution(nn.Conv2d):
    """A convolution in the memory format that suits the device and its width."""

    def forward(self, features: Float[Tensor, "b _ _ _"]) -> Float[Tensor, "b _ _ _"]:
        """Convolve in the format that trains faster on a CPU."""
        return self._conv_forward(*for_convolution(features, self.weight), self.bias)


def convolution(
    before: int,
    after: int,
    kernel: int,
    norm: Norm = nn.BatchNorm2d,
    dilation: int = 1,
    groups: int = 1,
    activate: bool = True,
) -> nn.Sequential:
    """Same-size convolution without bias, normalisation, ReLU.

    Args:
        before: Channels in.
        after: Channels out.
        kernel: Side of the window, odd.
        norm: Builds the normalisation.
        dilation: Distance of two taps, in cells.
        groups: Number of groups of channels.
        activate: Whether there is a ReLU.
    """
    padding = kernel // 2 * dilation
    layer = Convolution(before, after, kernel, 1, padding, dilation, groups, bias=False)
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    block = nn.Sequential(layer, norm(after))
    return block.append(nn.ReLU(inplace=True)) if activate else block


def separable(
    before: int, after: int, norm: Norm = nn.BatchNorm2d, dilation: int = 1
) -> nn.Sequential:
    """3x3 depthwise and 1x1 convolution, each with normalisation and ReLU."""
    return nn.Sequential(
        convolution(before, before, 3, norm, groups=before, dilation=dilation),
        convolution(before, after, 1, norm),
    )


class PooledContext(nn.Module):
    """Averages a map over a coarse grid and convolves the averages.

    Args:
        before: Channels in.
        after: Channels out.
        side: Rows and columns of the grid.
        norm: Builds the normalisation.

    Raises:
        ValueError: On training with one image, if ``side`` is 1 and the norm needs a batch.
    """

    def __init__(self, before: int, after: int, side: int, norm: Norm = nn.BatchNorm2d) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(side)
        self.convolve = convolution(before, after, 1, norm)

    def forward(self, features: Float[Tensor, "b _ _ _"]) -> Float[Tensor, "b _ h h"]:
        pooled = self.pool(features)
        try:
            return self.convolve(pooled)
        except ValueError as error:
            # torch's message names a shape; the user chose a batch size.
            if "more than 1 value per channel" not in str(error):
                raise
            raise ValueError(
                "batch normalisation cannot train on a single image here, because global pooling "
                "leaves one value per channel: train with at least two images per device "
                "(data.batch_size), or with a norm that needs no batch, such as torch.nn.GroupNorm"
            ) from error
