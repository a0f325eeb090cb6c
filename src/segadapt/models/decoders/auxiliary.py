"""The auxiliary head: deep supervision of one level of the pyramid."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from segadapt.models.decoders.parts.layers import Norm, convolution


class AuxiliaryHead(nn.Module):
    """One 3x3 convolution, dropout and a fixed classifier (mmsegmentation's FCN head).

    Args:
        encoder_channels: Width of each level.
        num_classes: Number of classes.
        channels: Width of the convolution.
        level: Which level; 2 has stride 16, or 8 in a dilated backbone.
        dropout: Fraction of channels dropped.
        norm: Builds the normalisation.

    Raises:
        ValueError: If there is no such level.
    """

    def __init__(
        self,
        encoder_channels: Sequence[int],
        num_classes: int,
        channels: int = 256,
        level: int = 2,
        dropout: float = 0.1,
        norm: Norm = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        if not -len(encoder_channels) <= level < len(encoder_channels):
            raise ValueError(
                f"the auxiliary head reads level {level} but the encoder has "
                f"{len(encoder_channels)}; set model.auxiliary.level, or model.auxiliary=null"
            )
        self.level = level
        self.convolve = convolution(encoder_channels[level], channels, 3, norm)
        self.dropout = nn.Dropout2d(dropout)
        self.score = nn.Conv2d(channels, num_classes, 1)
        nn.init.normal_(self.score.weight, std=0.01)
        assert self.score.bias is not None
        nn.init.zeros_(self.score.bias)

    def forward(self, pyramid: list[Tensor]) -> Float[Tensor, "b k h w"]:
        return self.score(self.dropout(self.convolve(pyramid[self.level])))
