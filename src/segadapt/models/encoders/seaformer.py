"""SeaFormer, an encoder for mobile devices (Wan et al., ICLR 2023)."""

from collections.abc import Sequence
from typing import Final

from jaxtyping import Float
from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation

from segadapt.models.encoders.parts.initialization import growing, initialise
from segadapt.models.encoders.parts.squeeze_axial import AxialBlock
from segadapt.models.interfaces import Encoder
from segadapt.models.pretrained.authors_file import load_published


class InvertedResidual(nn.Module):
    """Widens a map, filters it depthwise and narrows it again; residual where shapes allow.

    Args:
        before: Channels of the input.
        kernel: Side of the depthwise window, in cells.
        expansion: Channels in between over ``before``; 1 for no widening.
        after: Channels of the output.
        stride: Stride of the depthwise filter.
    """

    def __init__(self, before: int, kernel: int, expansion: int, after: int, stride: int) -> None:
        super().__init__()
        width = expansion * before
        widen = [Conv2dNormActivation(before, width, 1)] if expansion != 1 else []
        self.layers = nn.Sequential(
            *widen,
            Conv2dNormActivation(width, width, kernel, stride, groups=width),
            Conv2dNormActivation(width, after, 1, activation_layer=None),
        )
        self.residual = stride == 1 and before == after

    def forward(self, features: Float[Tensor, "b _ _ _"]) -> Float[Tensor, "b d h w"]:
        out = self.layers(features)
        return features + out if self.residual else out


class SeaFormer(Encoder):
    """Groups of inverted residuals, the last ones followed by axial attention.

    The pyramid is the map after the second group and those after every group with attention.

    Args:
        stem: Channels after the first convolution (stride 2).
        groups: Per group, its inverted residuals as (kernel, expansion, channels, stride).
        depths: Attention blocks after each of the last ``len(depths)`` groups.
        keys: Query and key width of one head, one per entry of ``depths``.
        ratios: MLP width over group width, for each of the last groups.
        heads: Number of heads, everywhere.
        drop_path: Stochastic depth, growing linearly from 0 to this after *each* group.
        pretrained: Start from published weights; needs ``weights``.
        weights: The authors' checkpoint.

    Raises:
        ValueError: If ``pretrained`` lacks its file, or the file does not fit.
    """

    def __init__(
        self,
        stem: int,
        groups: Sequence[Sequence[Sequence[int]]],
        depths: Sequence[int],
        keys: Sequence[int],
        ratios: Sequence[int],
        heads: int = 8,
        drop_path: float = 0.1,
        pretrained: bool = False,
        weights: str | None = None,
    ) -> None:
        super().__init__()
        self.stem = Conv2dNormActivation(3, stem, 3, 2)
        self.groups, widths, strides = _groups(stem, groups)
        self.first = len(groups) - len(depths)  # the first group with attention
        self.channels = (widths[1], *widths[self.first :])
        self.strides = (strides[1], *strides[self.first :])
        self.transformers = nn.ModuleList(
            nn.Sequential(
                *(AxialBlock(width, heads, key, ratio, rate) for rate in growing(drop_path, depth))
            )
            for width, depth, key, ratio in zip(
                widths[self.first :], depths, keys, ratios, strict=True
            )
        )
        self.apply(initialise)
        load_published(self, pretrained, weights, RENAMES)

    def forward(self, image: Float[Tensor, "b c H W"]) -> list[Tensor]:
        features, pyramid = self.stem(image), []
        for index, group in enumerate(self.groups):
            features = group(features)
            if index == 1:
                pyramid.append(features)
            if index >= self.first:
                features = self.transformers[index - self.first](features)
                pyramid.append(features)
        return pyramid


def _groups(
    stem: int, groups: Sequence[Sequence[Sequence[int]]]
) -> tuple[nn.ModuleList, list[int], list[int]]:
    """The groups, and the channels and the stride of the map after each."""
    modules, widths, strides = nn.ModuleList(), [], []
    width, stride = stem, 2
    for group in groups:
        blocks = []
        for kernel, expansion, channels, step in group:
            blocks.append(InvertedResidual(width, kernel, expansion, channels, step))
            width, stride = channels, stride * step
        modules.append(nn.Sequential(*blocks))
        widths.append(width)
        strides.append(stride)
    return modules, widths, strides


RENAMES: Final = (
    (r"\.c\.", ".0."),
    (r"\.bn\.", ".1."),
    (r"^smb1\.stem_block\.0\.", "stem."),
    *((rf"^smb{i + 1}\.layer{j + 1}\.", f"groups.{i}.{j}.") for i in range(5) for j in range(3)),
    # Counted there with the activations in between, which are part of our layers.
    *((rf"^(groups\.\d\.\d)\.conv\.{2 * i}\.", rf"\1.layers.{i}.") for i in range(3)),
    *((rf"^trans{i + 1}\.transformer_blocks\.", f"transformers.{i}.") for i in range(3)),
    (r"\.attn\.", ".attention."),
    *((rf"\.to_{name[0]}\.", f".{name}.") for name in ("query", "key", "value")),
    (r"\.proj\.", ".project."),
    (r"\.pos_emb_(row|column)q\.pos_embed$", r".\1s.pos_emb_query"),
    (r"\.pos_emb_(row|column)k\.pos_embed$", r".\1s.pos_emb_key"),
    (r"\.proj_encode_(row|column)\.1\.", r".\1s.project."),
    (r"\.mlp\.fc1\.", ".mlp.0."),
    (r"\.mlp\.dwconv\.", ".mlp.1."),
    (r"\.mlp\.fc2\.", ".mlp.3."),
    (r"\.dwconv\.", ".detail.0."),
    (r"\.pwconv\.", ".detail.1."),
)
"""Renames from the authors' checkpoints to our names."""
