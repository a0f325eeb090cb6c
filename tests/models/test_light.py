import pytest
import torch
import torch.nn.functional as F
from authors import Checkpoint
from torch import nn

from segadapt.models.decoders.light import LightDecoder


def copy(block, point, name):
    """Fill a convolution and its normalisation from the statement's weights."""
    block[0].weight.data.copy_(point.state[f"{name}.conv.weight"])
    block[1].load_state_dict(
        {key: point.state[f"{name}.bn.{key}"] for key in block[1].state_dict()}
    )


def layer(point: Checkpoint, x, name, out, groups=1):
    return point.batch_norm(point.conv(x, f"{name}.conv", out, groups=groups), f"{name}.bn")


@torch.no_grad()
def test_decoder_equals_its_statement():
    point = Checkpoint()
    pyramid = [torch.randn(2, 3, 13, 17), torch.randn(2, 4, 4, 5), torch.randn(2, 5, 2, 3)]

    x = pyramid[0]
    for i, width in enumerate((6, 8)):
        gate = (layer(point, pyramid[i + 1], f"gate{i}", width) + 3).clamp(0, 6) / 6
        gate = F.interpolate(gate, (13, 17), mode="bilinear", align_corners=False)
        x = layer(point, x, f"local{i}", width) * gate
    expected = layer(point, x, "fuse", 8, groups=8).relu()

    decoder = LightDecoder([3, 4, 5], [6, 8]).eval()
    for i, fusion in enumerate(decoder.fusions):
        copy(fusion.gate, point, f"gate{i}")
        copy(fusion.local, point, f"local{i}")
    copy(decoder.fuse, point, "fuse")
    assert decoder.channels == 8
    torch.testing.assert_close(decoder(pyramid).pixels, expected)


def test_last_convolution_only_scales_the_channels():
    last = LightDecoder([3, 4, 5], [6, 8]).fuse[0]
    assert last.weight.shape == (8, 1, 1, 1)
    assert last.bias is None


def test_normalisation_can_be_replaced():
    decoder = LightDecoder([3, 4], [6], norm=lambda width: nn.GroupNorm(2, width))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in decoder.modules())


@pytest.mark.parametrize("widths", [[], [6], [6, 8, 8]])
def test_wrong_number_of_widths_is_an_error(widths):
    with pytest.raises(ValueError, match=f"{len(widths)} widths for an encoder with 3 levels"):
        LightDecoder([3, 4, 5], widths)
