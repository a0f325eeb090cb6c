"""CGRSeg: counts of the release, and its decoder against a statement of it."""

import pytest
import torch
import torch.nn.functional as F
from authors import Checkpoint
from networks import generator

from segadapt.models.decoders.cgrseg import CGRSegDecoder

WIDTHS, CHANNELS, STRIP, BLOCKS = (3, 4, 6, 8), 5, 3, 2


def conv(point: Checkpoint, x, name, out, kernel=(1, 1), groups=1):
    return point.conv(x, name, out, kernel, True, groups)


def calibration(point: Checkpoint, x, name):
    """x + scale * MLP(BN(sigmoid(strips(rows + columns)) * neighbourhood(x)))."""
    width, inside = x.shape[1], f"{name}.branch.attention"
    marked = torch.zeros_like(x)
    for i in range(x.shape[2]):
        for j in range(x.shape[3]):
            marked[:, :, i, j] = x[:, :, i].mean(2) + x[:, :, :, j].mean(2)
    y = conv(point, marked, f"{inside}.calibrate.0", width, (1, STRIP), width)
    y = point.batch_norm(y, f"{inside}.calibrate.1").relu()
    y = conv(point, y, f"{inside}.calibrate.3", width, (STRIP, 1), width).sigmoid()
    y = y * conv(point, x, f"{inside}.local", width, (3, 3), width)
    y = conv(point, point.batch_norm(y, f"{name}.branch.norm"), f"{name}.branch.widen", 2 * width)
    y = conv(point, F.gelu(y), f"{name}.branch.narrow", width)
    return x + point.draw(f"{name}.scale", width)[:, None, None] * y


def layer(point: Checkpoint, x, name, groups=1):
    return point.batch_norm(point.conv(x, f"{name}.0", CHANNELS, groups=groups), f"{name}.1")


def stretched(x, size):
    return F.interpolate(x, size, mode="bilinear", align_corners=False)


def averaged(x, size):
    out = torch.zeros(*x.shape[:2], *size)
    for i in range(size[0]):
        for j in range(size[1]):
            top, bottom = i * x.shape[2] // size[0], -(-(i + 1) * x.shape[2] // size[0])
            left, right = j * x.shape[3] // size[1], -(-(j + 1) * x.shape[3] // size[1])
            out[:, :, i, j] = x[:, :, top:bottom, left:right].mean((2, 3))
    return out


def decoder(point: Checkpoint, pyramid):
    maps = pyramid[1:]
    size = [(side - 1) // 2 + 1 for side in maps[-1].shape[2:]]
    context = torch.cat([averaged(level, size) for level in maps], 1)
    for i in range(BLOCKS):
        context = calibration(point, context, f"context.blocks.{i}")
    parts = context.split(WIDTHS[1:], 1)
    above = None
    for i in (2, 1, 0):
        x = maps[i]
        if above is not None:
            raised = stretched(above, x.shape[2:])
            x = x + conv(point, raised, f"lateral.{i}", WIDTHS[i + 1])
        x = layer(point, calibration(point, x, f"calibrate.{i}"), f"gate.{i}.local")
        gate = (layer(point, parts[i], f"gate.{i}.gate") + 3).clamp(0, 6) / 6
        above = x * stretched(gate, x.shape[2:])
    return layer(point, above, "fuse", CHANNELS).relu()


@torch.no_grad()
@pytest.mark.parametrize("size", [(96, 160), (61, 99)])
def test_decoder_is_the_stated_one(size):
    pyramid = [
        torch.randn(2, width, -(-size[0] // stride), -(-size[1] // stride))
        for width, stride in zip(WIDTHS, (4, 8, 16, 32), strict=True)
    ]
    point = Checkpoint()
    expected = decoder(point, pyramid)
    module = CGRSegDecoder(WIDTHS, channels=CHANNELS, strip=STRIP, blocks=BLOCKS).eval()
    module.load_state_dict(point.state)
    torch.testing.assert_close(module(pyramid).pixels, expected, rtol=1e-4, atol=1e-5)


def test_blocks_start_close_to_the_identity():
    module = CGRSegDecoder(WIDTHS, channels=CHANNELS, strip=STRIP, blocks=BLOCKS)
    features = torch.randn(2, 18, 5, 7)
    torch.testing.assert_close(module.context.blocks(features), features, atol=1e-4, rtol=0)


def test_one_level_is_refused():
    with pytest.raises(ValueError, match="this encoder has only one level"):
        CGRSegDecoder([8])


GUIDE = 2 * (256 * 256 + 256) + 2 * 256 + 256 + 1
"""The authors' own classifier: two 1x1 convolutions, layer norm, attention pooling."""

SSA = 256 * 9 + 256 + 150 * 256 + 2 * (512 * 128 + 128 * 256 + 256) + 256 * 256
"""SSA without its teacher at 150 classes: position, basis, two projectors and their mix."""


@pytest.mark.parametrize(
    ("name", "encoder", "strip", "blocks", "widths", "guided", "adapted"),
    [
        ("base", 12_151_408, 11, 6, (64, 144, 288), 19.11, 19.3),
        ("large", 25_578_016, 9, 5, (80, 192, 384), None, 35.8),
    ],
)
def test_parameters_are_the_released(name, encoder, strip, blocks, widths, guided, adapted):
    """Totals: the release run as it is, and SSA's README."""
    with torch.device("meta"):
        network = generator(f"cgrseg_{name}", 150)

    def block(width):
        depthwise = 10 + 2 * (strip + 1)
        return 4 * width**2 + (depthwise + 2 + 2 + 3 + 1) * width  # two norms, biases, scale

    decoder = blocks * block(sum(widths)) + sum(block(width) for width in widths)
    decoder += sum(2 * 256 * (width + 2) for width in widths)  # gates
    decoder += sum(257 * width for width in widths[:-1]) + 256 + 2 * 256
    counted = [sum(p.numel() for p in m.parameters()) for m in (network.encoder, network.decoder)]
    assert counted == [encoder, decoder]
    total = encoder + decoder + 150 * 257
    assert guided is None or round((total + GUIDE) / 1e6, 2) == guided
    assert round((total + SSA) / 1e6, 1) == adapted
