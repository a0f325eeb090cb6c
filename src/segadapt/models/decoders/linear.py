"""Linear probing: no decoder between the backbone and the classifier."""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from segadapt.models.interfaces import Decoder, Features


class LinearDecoder(Decoder):
    """The last map, with each channel scaled to unit variance over the batch, as in DINOv2.

    Args:
        encoder_channels: Width of each level.
        norm: Builds the normalisation.
    """

    def __init__(
        self,
        encoder_channels: Sequence[int],
        norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        self.channels = encoder_channels[-1]
        self.norm = norm(self.channels)

    def forward(self, pyramid: list[Tensor]) -> Features:
        return Features(self.norm(pyramid[-1]))
