"""Rules that give a published tensor its name, and where needed its layout, in our networks."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import torch
from torch import Tensor

Renames = Sequence[tuple[str, str]]
"""Regular expressions and their replacements, applied to a name one after the other."""

Layout = Callable[[str, Tensor], Mapping[str, Tensor]]
"""A function from our name of a published tensor and its values to our tensors."""


def as_is(name: str, value: Tensor) -> Mapping[str, Tensor]:
    """A tensor with the same layout in both."""
    return {name: value}


class Rules(NamedTuple):
    """Rules by which one part of a network is converted."""

    renames: Renames
    layout: Layout = as_is
    idle: str = r"(?!)"
    """Tensors, under their published name, that no forward pass of the release reads."""

    def apply(self, name: str, value: Tensor) -> Mapping[str, Tensor]:
        """Our tensors for one of theirs."""
        for pattern, replacement in self.renames:
            name = re.sub(pattern, replacement, name)
        return self.layout(name, value)


CONVOLUTION: Final = ((r"\.conv\.(weight|bias)$", r".0.\1"), (r"\.[bg]n\.(\w+)$", r".1.\1"))
"""mmcv's ConvModule is a sequence here: convolution, normalisation."""

SEPARABLE: Final = ((r"\.depthwise_conv\.", ".0."), (r"\.pointwise_conv\.", ".1."))


def merged_patches(name: str, value: Tensor) -> Mapping[str, Tensor]:
    """Swin's patch merging: mmsegmentation stacks a channel's 2x2 cells, timm a cell's channels.

    Theirs counts (channel, row, column), timm's counts (column, row, channel).
    """
    if ".downsample." not in name:
        return {name: value}
    cells = value.unflatten(-1, (-1, 2, 2))
    return {name: cells.movedim((-3, -2, -1), (-1, -2, -3)).flatten(-3)}


def without_grid(name: str, value: Tensor) -> Mapping[str, Tensor]:
    """EfficientFormerV2: scales of channels are maps of one cell there."""
    return {name: torch.flatten(value) if name.endswith(".gamma") else value}


def split_attention(name: str, value: Tensor) -> Mapping[str, Tensor]:
    """MiT: torch's attention holds query, key and value in one tensor, smp's in two."""
    if ".in_proj_" not in name:
        return {name: value}
    width = len(value) // 3
    return {
        name.replace("in_proj_", "q."): value[:width],
        name.replace("in_proj_", "kv."): value[width:],
    }


def as_linear(name: str, value: Tensor) -> Mapping[str, Tensor]:
    """MiT: the 1x1 convolutions of mmsegmentation's feed-forward part are linear layers in smp."""
    if ".mlp.fc" in name and value.ndim == 4:
        value = torch.flatten(value, 1)
    return split_attention(name, value)
