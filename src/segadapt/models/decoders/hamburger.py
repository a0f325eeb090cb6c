"""LightHam, the decoder of SegNeXt: one matrix factorisation as global context.

Geng et al., "Is attention better than matrix decomposition?" (ICLR 2021); Guo et al., "SegNeXt"
(NeurIPS 2022). Axes of this file: p pixels of a map, r the rank of the factorisation.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segadapt.functional.cosine import accurate
from segadapt.models.decoders.parts.joined import joined_convolution
from segadapt.models.decoders.parts.layers import Norm, convolution
from segadapt.models.interfaces import Decoder, Features

TRAIN_STEPS: Final = 6
EVAL_STEPS: Final = 7


def factorise(
    matrix: Float[Tensor, "b d p"], bases: Float[Tensor, "b d r"], steps: int
) -> Float[Tensor, "b d p"]:
    """Low-rank non-negative approximation by multiplicative updates (Lee and Seung, 2001).

    The gradient flows through all updates.

    Args:
        matrix: Matrix to approximate; not negative.
        bases: Initial bases; not negative.
        steps: Updates of both factors; the coefficients get one more.
    """
    pixels = matrix.transpose(1, 2)
    coefficients = (pixels @ bases).softmax(-1)
    for _ in range(steps):
        coefficients = _update(coefficients, pixels, bases)
        bases = _update(bases, matrix, coefficients)
    coefficients = _update(coefficients, pixels, bases)
    return bases @ coefficients.transpose(1, 2)


def _update(
    factor: Float[Tensor, "b _ r"], matrix: Float[Tensor, "b _ _"], other: Float[Tensor, "b _ r"]
) -> Float[Tensor, "b _ r"]:
    """Move ``factor`` towards ``matrix = factor @ other^T``."""
    return factor * (matrix @ other) / (factor @ (other.transpose(1, 2) @ other) + 1e-6)


class Factorisation(nn.Module):
    """Replaces a non-negative map by its low-rank approximation.

    Note:
        As published, the bases start at random in every forward pass, evaluation included, so two
        evaluations of one network differ. ``seed`` makes evaluation a function of the image: all
        images then start from the same bases, which is a departure from the release.

    Args:
        channels: Width of the map.
        rank: Number of bases.
        seed: Seed of the bases in evaluation; None to draw them from torch's global generator.
    """

    bases: Tensor | None

    def __init__(self, channels: int, rank: int, seed: int | None = None) -> None:
        super().__init__()
        self.shape = (channels, rank)
        fixed = None
        if seed is not None:
            generator = torch.Generator().manual_seed(seed)
            fixed = torch.rand(1, *self.shape, generator=generator, device="cpu")
            fixed = fixed.to(torch.get_default_device())
        self.register_buffer("bases", fixed, persistent=False)

    def forward(self, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b d h w"]:
        # Ratios of sums over thousands of pixels: too much for half precision.
        with _full_precision(features.device.type):
            matrix = accurate(features.flatten(2))
            steps = TRAIN_STEPS if self.training else EVAL_STEPS
            approximation = factorise(matrix, F.normalize(self._start(matrix), dim=1), steps)
        return approximation.unflatten(2, features.shape[2:]).to(features.dtype)

    def _start(self, matrix: Float[Tensor, "b d p"]) -> Float[Tensor, "b d r"]:
        if self.training or self.bases is None:
            return torch.rand(
                matrix.shape[0], *self.shape, dtype=matrix.dtype, device=matrix.device
            )
        return self.bases.to(matrix.dtype).expand(matrix.shape[0], -1, -1)


def _full_precision(device: str) -> AbstractContextManager:
    """A context without autocast, if the device has it; the meta device does not."""
    if torch.amp.is_autocast_available(device):
        return torch.autocast(device, enabled=False)
    return nullcontext()


class Hamburger(nn.Module):
    """A factorisation between two 1x1 convolutions, added to the input."""

    def __init__(self, channels: int, rank: int, seed: int | None, norm: Norm) -> None:
        super().__init__()
        self.enter = nn.Conv2d(channels, channels, 1)
        nn.init.kaiming_normal_(self.enter.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.enter.get_parameter("bias"))
        self.factorise = Factorisation(channels, rank, seed)
        self.leave = convolution(channels, channels, 1, norm, activate=False)

    def forward(self, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b d h w"]:
        context = self.factorise(self.enter(features).relu())
        return (features + self.leave(context)).relu()


class LightHamDecoder(Decoder):
    """Joins all levels except the finest at the second, then adds global context.

    Args:
        encoder_channels: Width of each level; the first is not used.
        norm: Builds the normalisation; released with 32 groups.
        channels: Width of the result.
        inner: Width of the factorised map.
        rank: Number of bases: 16 for SegNeXt-T and S, 64 for B and L.
        seed: Seed of the bases in evaluation; see :class:`Factorisation`.

    Raises:
        ValueError: If the encoder has one level only.
    """

    across_scales = True

    def __init__(
        self,
        encoder_channels: Sequence[int],
        norm: Norm,
        channels: int = 256,
        inner: int = 256,
        rank: int = 16,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        if len(encoder_channels) < 2:
            raise ValueError(
                "LightHam does not use the finest level, but this encoder has only one level; "
                "choose another decoder (model/decoder=...)"
            )
        self.channels = channels
        self.squeeze = joined_convolution(encoder_channels[1:], inner, 1, norm)
        self.hamburger = Hamburger(inner, rank, seed, norm)
        self.align = convolution(inner, channels, 1, norm)

    def forward(self, pyramid: list[Tensor]) -> Features:
        return Features(self.align(self.hamburger(self.squeeze(pyramid[1:]))))
