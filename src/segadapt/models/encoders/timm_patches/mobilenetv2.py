"""MobileNetV2 at stride 8 as mmsegmentation dilates it, in timm's network.

Sandler et al., "MobileNetV2" (CVPR 2018). timm dilates whole stages; mmsegmentation only the
first block of each, by the rates below. Parameters are the same, outputs are not.
"""

from typing import Any, Final

RATES: Final = {3: 2, 4: 2, 5: 4, 6: 4}
"""Dilation of the first block of each stage, by timm's number of the stage."""


def dilate_first_blocks(network: Any) -> None:
    """Give a timm MobileNetV2 with ``output_stride=8`` the published dilations."""
    for stage, rate in RATES.items():
        for position, block in enumerate(network.blocks[stage]):
            dilation = rate if position == 0 else 1
            block.conv_dw.dilation = block.conv_dw.padding = (dilation, dilation)
