"""Placeholder fusion of the skeleton; replaced by the models' owner."""

import torch.nn.functional as F
from torch import Tensor, nn

from segadapt.models.interfaces import Decoder, Features


class SumDecoder(Decoder):
    """Adds all levels at the finest resolution."""

    def __init__(self, encoder_channels: tuple[int, ...], channels: int = 96) -> None:
        super().__init__()
        self.channels = channels
        self.lateral = nn.ModuleList(nn.Conv2d(c, channels, 1) for c in encoder_channels)

    def forward(self, pyramid: list[Tensor]) -> Features:
        size = pyramid[0].shape[-2:]
        maps = [
            F.interpolate(conv(level), size=size, mode="bilinear", align_corners=False)
            for conv, level in zip(self.lateral, pyramid, strict=True)
        ]
        return Features(sum(maps[1:], maps[0]).relu())
