"""AFFormer, the head-free encoder (Dong et al., AAAI 2023).

Every stage keeps two streams: pixels at its own stride, and prototypes that are coarser, go
through a transformer and are spread back over the pixels.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation

from segadapt.models.encoders.parts.frequency_attention import FrequencyTransformer
from segadapt.models.encoders.parts.initialization import growing, initialise
from segadapt.models.interfaces import Encoder
from segadapt.models.pretrained.authors_file import load_published

STEPS: Final = ((1, 1), (2, 1), (1, 2), (1, 4))
"""Strides of the two embeddings of each stage: into the pixels, and on into the prototypes."""

activated = partial(Conv2dNormActivation, activation_layer=nn.Hardswish)


class Restore(nn.Module):
    """Residual bottleneck of the pixel stream."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.layers = nn.Sequential(
            activated(channels, half, 1),
            activated(half, half, 3, groups=half),
            Conv2dNormActivation(half, channels, 1, activation_layer=None),
        )

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        return features + self.layers(features)


class Stage(nn.Module):
    """One stage of both streams.

    The first stage has no transformer: there the streams are added and restored together.

    Args:
        before: Channels of the input.
        after: Channels of the output.
        steps: Strides of the two embeddings.
        transformer: Transformer of the prototypes.
    """

    def __init__(
        self,
        before: int,
        after: int,
        steps: tuple[int, int],
        transformer: FrequencyTransformer | None,
    ) -> None:
        super().__init__()
        self.embeds = nn.ModuleList(_embed(before, step) for step in steps)
        self.restore = Restore(before)
        self.transformer = transformer
        self.merge = activated(before, after, 1)

    def forward(self, features: Float[Tensor, "b _ _ _"]) -> Float[Tensor, "b _ _ _"]:
        pixels = self.embeds[0](features)
        prototypes = self.embeds[1](pixels)
        if self.transformer is None:
            return self.merge(self.restore(pixels + prototypes))
        prototypes = self.transformer(prototypes)
        if prototypes.shape[2:] != pixels.shape[2:]:
            # Unlike every other resize of these networks, with aligned corners.
            prototypes = F.interpolate(
                prototypes, pixels.shape[2:], mode="bilinear", align_corners=True
            )
        return self.merge(self.restore(pixels) + prototypes)


class AFFormer(Encoder):
    """Four stages at strides 4, 8, 8 and 8; each map has the width of the next stage.

    Args:
        widths: Channels inside each stage, multiples of 8.
        depths: Transformer blocks of stages 2 to 4.
        ratio: MLP width over stage width.
        drop_path: Stochastic depth of the last block, growing linearly from the first.
        pretrained: Start from published weights; needs ``weights``.
        weights: The authors' checkpoint.

    Raises:
        ValueError: If ``pretrained`` lacks its file, or the file does not fit.
    """

    def __init__(
        self,
        widths: Sequence[int],
        depths: Sequence[int],
        ratio: int = 2,
        drop_path: float = 0.0,
        pretrained: bool = False,
        weights: str | None = None,
    ) -> None:
        super().__init__()
        self.channels = (*widths[1:], widths[-1])
        self.strides = (4, 8, 8, 8)
        half = widths[0] // 2
        self.stem = nn.Sequential(activated(3, half, 3, 2), activated(half, widths[0], 3, 2))
        # The release also gives the transformer-less first stage a block's share of the ramp.
        rates = growing(drop_path, 1 + sum(depths))[1:]
        transformers: list[FrequencyTransformer | None] = [None]
        for width, depth in zip(widths[1:], depths, strict=True):
            transformers.append(FrequencyTransformer(width, ratio, rates[:depth]))
            rates = rates[depth:]
        self.stages = nn.ModuleList(
            Stage(*parts) for parts in zip(widths, self.channels, STEPS, transformers, strict=True)
        )
        self.apply(initialise)
        load_published(self, pretrained, weights, RENAMES)

    def forward(self, image: Float[Tensor, "b c H W"]) -> list[Tensor]:
        features, pyramid = self.stem(image), []
        for stage in self.stages:
            features = stage(features)
            pyramid.append(features)
        return pyramid


def _embed(channels: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels),
        nn.Hardswish(inplace=True),
    )


RENAMES: Final = (
    (r"^stem\.(\d)\.conv\.", r"stem.\1.0."),
    (r"^stem\.(\d)\.bn\.", r"stem.\1.1."),
    (r"^patch_embed_stages\.(\d)\.patch_embeds\.(\d)\.patch_conv\.", r"stages.\1.embeds.\2."),
    (r"(embeds\.\d)\.dwconv\.", r"\1.0."),
    (r"(embeds\.\d)\.pwconv\.", r"\1.1."),
    (r"(embeds\.\d)\.bn\.", r"\1.2."),
    (r"^mhca_stages\.", "stages."),
    (r"\.aggregate\.conv\.", ".merge.0."),
    (r"\.aggregate\.bn\.", ".merge.1."),
    (r"\.Restore\.conv1\.conv\.", ".restore.layers.0.0."),
    (r"\.Restore\.conv1\.bn\.", ".restore.layers.0.1."),
    (r"\.Restore\.dwconv\.", ".restore.layers.1.0."),
    (r"\.Restore\.norm\.", ".restore.layers.1.1."),
    (r"\.Restore\.conv2\.conv\.", ".restore.layers.2.0."),
    (r"\.Restore\.conv2\.bn\.", ".restore.layers.2.1."),
    (r"\.mhca_blks\.0\.", ".transformer."),
    # Parameters shared by the blocks of a stage are stored under each of them.
    (r"\.MHCA_layers\.\d\.(factoratt_crpe\.)?(cpe|crpe)\.", r".\2."),
    (r"\.cpe\.proj\.", ".position."),
    (r"\.crpe\.conv_list\.", ".filters.high."),
    (r"\.MHCA_layers\.", ".blocks."),
    (r"\.factoratt_crpe\.qkv\.", ".attention.qkv."),
    (r"\.factoratt_crpe\.proj\.", ".attention.project."),
    (r"\.mlp\.fc1\.", ".mlp.widen."),
    (r"\.mlp\.dwconv\.dwconv\.", ".mlp.neighbours."),
    (r"\.mlp\.fc2\.", ".mlp.narrow."),
)
"""Renames from the authors' checkpoints to our names."""
