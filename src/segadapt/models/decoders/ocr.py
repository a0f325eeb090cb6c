"""OCRNet (Yuan et al., ECCV 2020), as mmsegmentation builds it on HRNet."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segadapt.models.decoders.parts.joined import joined_convolution
from segadapt.models.decoders.parts.layers import Norm, convolution
from segadapt.models.interfaces import Decoder, Features


def class_centers(
    pixels: Float[Tensor, "b d h w"], scores: Float[Tensor, "b k h w"]
) -> Float[Tensor, "b d k"]:
    """Mean of the pixels for every class, each pixel weighted by its share of the class (Eq. 6).

    The softmax runs over the pixels, not over the classes.
    """
    weights = scores.flatten(2).softmax(-1)
    return pixels.flatten(2) @ weights.transpose(1, 2)


class ObjectAttention(nn.Module):
    """Describes every pixel by the classes it relates to (Eqs. 3-5).

    Args:
        channels: Width of pixels, centres and result.
        inner: Width of query, key and value.
        norm: Builds the normalisation.
    """

    def __init__(self, channels: int, inner: int, norm: Norm) -> None:
        super().__init__()
        self.query = _twice(channels, inner, norm)
        self.key = _twice(channels, inner, norm)
        self.value = convolution(channels, inner, 1, norm)
        self.out = convolution(inner, channels, 1, norm)

    def forward(
        self, pixels: Float[Tensor, "b d h w"], centers: Float[Tensor, "b d k"]
    ) -> Float[Tensor, "b d h w"]:
        query = self.query(pixels).flatten(2).transpose(1, 2)
        key = self.key(centers[..., None]).flatten(2)
        value = self.value(centers[..., None]).flatten(2).transpose(1, 2)
        weights = (query @ key * key.shape[1] ** -0.5).softmax(-1)
        context = (weights @ value).transpose(1, 2).unflatten(2, pixels.shape[2:])
        return self.out(context)


class OCRDecoder(Decoder):
    """Scores the pixels coarsely, then adds to each the centres of the classes it resembles.

    The coarse scores are both the source of the centres and the auxiliary branch (weight 0.4).

    Note:
        mmsegmentation runs the coarse head twice in a training step, so that the statistics of
        its normalisation move twice; it runs once here, with the same scores.

    Args:
        encoder_channels: Width of each level; all are read.
        num_classes: Number of classes.
        channels: Width of the result.
        inner: Width of the attention.
        norm: Builds the normalisation.
    """

    across_scales = True

    def __init__(
        self,
        encoder_channels: Sequence[int],
        num_classes: int,
        channels: int = 512,
        inner: int = 256,
        norm: Norm = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        together = sum(encoder_channels)
        self.channels = channels
        self.coarse = joined_convolution(encoder_channels, together, 1, norm)
        self.score = nn.Conv2d(together, num_classes, 1)
        nn.init.normal_(self.score.weight, std=0.01)
        assert self.score.bias is not None
        nn.init.zeros_(self.score.bias)
        self.reduce = joined_convolution(encoder_channels, channels, 3, norm)
        self.attend = ObjectAttention(channels, inner, norm)
        self.fuse = convolution(2 * channels, channels, 1, norm)

    def forward(self, pyramid: list[Tensor]) -> Features:
        scores = self.score(self.coarse(pyramid))
        pixels = self.reduce(pyramid)
        context = self.attend(pixels, class_centers(pixels, scores))
        return Features(self.fuse(torch.cat([context, pixels], 1)), scores)


def _twice(before: int, after: int, norm: Norm) -> nn.Sequential:
    return nn.Sequential(convolution(before, after, 1, norm), convolution(after, after, 1, norm))
