"""Interfaces of feature generators, encoders and decoders."""

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

from jaxtyping import Float
from torch import Tensor, nn


class Features(NamedTuple):
    """Pixel features and, from some generators, deeply supervised scores."""

    pixels: Float[Tensor, "b d h w"]
    auxiliary: Float[Tensor, "b k _ _"] | None = None


class FeatureGenerator(nn.Module, ABC):
    """Image to pixel features: G in CAC Sec. 3.1."""

    channels: int
    inputs: int = 3
    """Number of channels of the images."""

    @abstractmethod
    def forward(self, image: Float[Tensor, "b c H W"], auxiliary: bool = False) -> Features:
        """Describe every cell of the feature grid by ``channels`` numbers.

        Args:
            image: Normalised images of any size.
            auxiliary: Whether to return deeply supervised scores as well, if the generator has
                them. One whose features depend on them (OCR) always returns them.
        """


class Encoder(nn.Module, ABC):
    """Image of any size to feature pyramid, finest level first.

    Level i has ``ceil(H / strides[i])`` rows and ``ceil(W / strides[i])`` columns: an encoder that
    needs a divisible size pads by itself and crops its maps back.
    """

    channels: tuple[int, ...]
    strides: tuple[int, ...]

    @abstractmethod
    def forward(self, image: Float[Tensor, "b c H W"]) -> list[Tensor]:
        """One map per level."""


class Decoder(nn.Module, ABC):
    """Feature pyramid to pixel features."""

    channels: int
    across_scales: ClassVar[bool] = False
    """Whether it fuses scales, so that levels of a single stride are an error."""

    @abstractmethod
    def forward(self, pyramid: list[Tensor]) -> Features:
        """Fuse the levels into one map."""
