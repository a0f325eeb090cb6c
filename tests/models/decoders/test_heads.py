"""Every head against its formula, written out with plain functions of torch."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from segadapt.models.decoders.auxiliary import AuxiliaryHead
from segadapt.models.decoders.deeplab import DeepLabV3PlusDecoder
from segadapt.models.decoders.fcn import FCNDecoder
from segadapt.models.decoders.fpn import FPNDecoder
from segadapt.models.decoders.ocr import OCRDecoder
from segadapt.models.decoders.parts.layers import convolution
from segadapt.models.decoders.segformer import SegFormerDecoder
from segadapt.models.decoders.upernet import UPerNetDecoder
from segadapt.models.encoder_decoder import EncoderDecoder
from segadapt.models.interfaces import Encoder

WIDTHS = (6, 8, 10, 12)
SIZES = [(25, 33), (13, 17), (7, 9), (4, 5)]
DECODERS = {
    "upernet": UPerNetDecoder,
    "fcn": FCNDecoder,
    "deeplab": partial(DeepLabV3PlusDecoder, detail=4),
    "segformer": SegFormerDecoder,
    "fpn": FPNDecoder,
    "ocr": partial(OCRDecoder, num_classes=5, inner=8),
}


@pytest.fixture
def pyramid():
    return [torch.randn(2, c, *size) for c, size in zip(WIDTHS, SIZES, strict=True)]


def ready(module):
    """In evaluation mode, with statistics and affine parameters that are not trivial."""
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            for values in (part.weight, part.bias, part.running_mean):
                nn.init.normal_(values)
            nn.init.uniform_(part.running_var, 0.5, 2)
    return module.eval()


def block(layers, features, padding=0, dilation=1, groups=1):
    """Convolution without bias, batch norm, ReLU."""
    conv, norm, _ = layers
    features = F.conv2d(features, conv.weight, None, 1, padding, dilation, groups)
    mean, var, weight, bias = (
        values[:, None, None]
        for values in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    )
    return ((features - mean) / (var + 1e-5).sqrt() * weight + bias).clamp_min(0)


def separable(layers, features, dilation=1):
    depthwise = block(layers[0], features, dilation, dilation, features.shape[1])
    return block(layers[1], depthwise)


def resize(features, like):
    return F.interpolate(features, size=like.shape[2:], mode="bilinear", align_corners=False)


def upernet(head, maps):
    c1, c2, c3, c4 = maps
    pooled = [
        resize(block(part.convolve, F.adaptive_avg_pool2d(c4, side)), c4)
        for part, side in zip(head.pooling.pools, (1, 2, 3, 6), strict=True)
    ]
    p4 = block(head.pooling.bottleneck, torch.cat([c4, *pooled], 1), 1)
    p3 = block(head.lateral[2], c3) + resize(p4, c3)
    p2 = block(head.lateral[1], c2) + resize(p3, c2)
    p1 = block(head.lateral[0], c1) + resize(p2, c1)
    smooth = [block(conv, p, 1) for conv, p in zip(head.smooth, (p1, p2, p3), strict=True)]
    return block(head.fuse, torch.cat([resize(p, c1) for p in (*smooth, p4)], 1), 1)


def fcn(head, maps):
    inner = block(head.convolve[1], block(head.convolve[0], maps[-1], 1), 1)
    return block(head.join, torch.cat([maps[-1], inner], 1), 1)


def deeplab(head, maps):
    c1, c4 = maps[0], maps[-1]
    pool, pointwise, *atrous = head.context.branches
    image = block(pool.convolve, c4.mean((2, 3), keepdim=True)).expand(-1, -1, *c4.shape[2:])
    branches = [image, block(pointwise, c4)]
    branches += [separable(part, c4, rate) for part, rate in zip(atrous, (12, 24, 36), strict=True)]
    context = block(head.context.bottleneck, torch.cat(branches, 1), 1)
    joined = torch.cat([resize(context, c1), block(head.detail, c1)], 1)
    return separable(head.fuse[1], separable(head.fuse[0], joined))


def segformer(head, maps):
    levels = [resize(block(conv, m), maps[0]) for conv, m in zip(head.lateral, maps, strict=True)]
    return block(head.fuse, torch.cat(levels, 1))


def fpn(head, maps):
    lateral = [F.conv2d(m, c.weight, c.bias) for c, m in zip(head.lateral, maps, strict=True)]
    total = lateral[3]
    for level in (lateral[2], lateral[1], lateral[0]):
        total = level + resize(total, level)
    return block(head.smooth, total, 1)


def ocr(head, maps):
    joined = torch.cat([resize(m, maps[0]) for m in maps], 1)
    scores = F.conv2d(block(head.coarse, joined), head.score.weight, head.score.bias)
    pixels = block(head.reduce, joined, 1)
    share = scores.flatten(2).softmax(2).unflatten(2, pixels.shape[2:])
    centers = torch.einsum("bkhw,bdhw->bdk", share, pixels)[..., None]
    attend = head.attend
    query = block(attend.query[1], block(attend.query[0], pixels))
    key = block(attend.key[1], block(attend.key[0], centers))[..., 0]
    relation = (torch.einsum("bchw,bck->bkhw", query, key) / query.shape[1] ** 0.5).softmax(1)
    value = block(attend.value, centers)[..., 0]
    context = block(attend.out, torch.einsum("bkhw,bck->bchw", relation, value))
    return block(head.fuse, torch.cat([context, pixels], 1))


FORMULAS = {
    "upernet": upernet, "fcn": fcn, "deeplab": deeplab,
    "segformer": segformer, "fpn": fpn, "ocr": ocr,
}  # fmt: skip


@pytest.mark.parametrize("name", FORMULAS)
def test_equals_the_formula(name, pyramid):
    head = ready(DECODERS[name](WIDTHS, channels=16))
    with torch.no_grad():
        expected, found = FORMULAS[name](head, pyramid), head(pyramid).pixels
    torch.testing.assert_close(found, expected, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("name", DECODERS)
def test_every_parameter_gets_a_gradient(name, pyramid):
    head = DECODERS[name](WIDTHS, channels=16)
    head(pyramid).pixels.square().sum().backward()
    assert [n for n, p in head.named_parameters() if p.grad is None] == []


@pytest.mark.parametrize("name", DECODERS)
def test_any_norm_may_be_used(name, pyramid):
    head = DECODERS[name](WIDTHS, channels=16, norm=partial(nn.GroupNorm, 2))
    one = [level[:1] for level in pyramid]
    assert not any(isinstance(part, nn.BatchNorm2d) for part in head.modules())
    torch.testing.assert_close(
        head(one).pixels, head(pyramid).pixels[:1], atol=1e-5, rtol=1e-5
    )  # a single image trains too


@pytest.mark.parametrize("name", ["upernet", "deeplab"])
def test_training_on_one_image_with_batch_norm_is_explained(name, pyramid):
    head = DECODERS[name](WIDTHS, channels=16)
    one = [level[:1] for level in pyramid]
    with pytest.raises(ValueError, match=r"cannot train on a single image.*at least two images"):
        head(one)
    assert head.eval()(one).pixels.shape == (1, 16, 25, 33)


def test_ocr_gives_the_coarse_scores_as_auxiliary(pyramid):
    head = ready(DECODERS["ocr"](WIDTHS, channels=16))
    joined = torch.cat([resize(m, pyramid[0]) for m in pyramid], 1)
    with torch.no_grad():
        expected = F.conv2d(block(head.coarse, joined), head.score.weight, head.score.bias)
        torch.testing.assert_close(head(pyramid).auxiliary, expected, atol=1e-5, rtol=1e-5)


def test_auxiliary_head_reads_its_level(pyramid):
    head = ready(AuxiliaryHead(WIDTHS, 5, channels=16))
    inner = block(head.convolve, pyramid[2], 1)
    expected = F.conv2d(inner, head.score.weight, head.score.bias)
    torch.testing.assert_close(head(pyramid), expected, atol=1e-5, rtol=1e-5)


def test_auxiliary_head_of_a_missing_level_is_refused():
    with pytest.raises(ValueError, match=r"reads level 2 but the encoder has 2.*auxiliary=null"):
        AuxiliaryHead((8, 16), 5)


def test_convolutions_start_like_mmcvs():
    weight = convolution(64, 128, 3)[0].weight
    assert weight.std().item() == pytest.approx((2 / (128 * 9)) ** 0.5, rel=0.02)
    depthwise = convolution(512, 512, 3, groups=512)[0].weight
    assert depthwise.std().item() == pytest.approx((2 / (512 * 9)) ** 0.5, rel=0.05)


class Flat(Encoder):
    """Three levels, as those of a plain ViT."""

    channels, strides = (4, 4, 4), (16, 16, 16)

    def forward(self, image):
        return 3 * [image[:, [0, 1, 2, 0], ::16, ::16]]


@pytest.mark.parametrize("name", ["upernet", "deeplab", "segformer", "fpn", "ocr"])
def test_levels_of_one_stride_are_no_pyramid(name):
    with pytest.raises(ValueError, match=r"all 3 levels .* stride 16, .*Decoder fuses levels of"):
        EncoderDecoder(Flat(), DECODERS[name])


def test_the_last_level_alone_needs_no_pyramid():
    features = EncoderDecoder(Flat(), FCNDecoder).eval()(torch.randn(1, 3, 32, 48))
    assert features.pixels.shape == (1, 512, 2, 3)
