"""Both counters, against counts by hand, torch's counter and the published figures."""

import pytest
import torch
from benchmarks.harness.paper_flops import paper_macs
from benchmarks.harness.paper_rules import macs
from segmentation_models_pytorch.encoders import mix_transformer
from small import Attention, Sequence, WithAuxiliary, network
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from segadapt.analysis.cost.flops import true_macs
from segadapt.classifiers.cac import CACClassifier
from segadapt.classifiers.fixed import FixedClassifier
from segadapt.classifiers.ssa import SSAClassifier
from segadapt.models.decoders.auxiliary import AuxiliaryHead
from segadapt.models.decoders.upernet import UPerNetDecoder
from segadapt.models.encoder_decoder import EncoderDecoder
from segadapt.models.encoders.timm import TimmEncoder

HEAD = 8 * 8 * 5 * (4 + 1)  # 1x1 convolution of 4 channels to 5 classes on 8x8 cells, with bias


def convolutions(bias):
    return Sequence(
        4,
        nn.Conv2d(3, 6, 3, stride=2, padding=1, bias=bias),  # 16x16
        nn.Conv2d(6, 6, 3, padding=1, groups=3, bias=bias),
        nn.Conv2d(6, 4, 2, stride=2, bias=bias),  # 8x8
    )


CONVOLUTIONS = 16 * 16 * 6 * 27 + 16 * 16 * 6 * 18 + 8 * 8 * 4 * 24
BIASES = 16 * 16 * 6 * 2 + 8 * 8 * 4


def test_paper_counts_convolutions_with_their_biases():
    model = network(convolutions(bias=True), FixedClassifier)
    assert paper_macs(model, 32, 32) == CONVOLUTIONS + BIASES + HEAD


def test_true_counts_convolutions_without_biases():
    model = network(convolutions(bias=True), FixedClassifier)
    assert true_macs(model, 32, 32) == CONVOLUTIONS + 8 * 8 * 5 * 4


def test_both_agree_with_torch_on_a_plain_convolutional_network():
    generator = convolutions(bias=False)
    with FlopCounterMode(display=False) as counter:
        generator(torch.zeros(1, 3, 32, 32))
    expected = counter.get_total_flops() // 2
    model = network(generator, FixedClassifier)
    assert paper_macs(model, 32, 32) - HEAD == expected
    assert true_macs(model, 32, 32) - 8 * 8 * 5 * 4 == expected


def test_paper_counts_cheap_layers_by_element():
    generator = Sequence(
        4,
        nn.Conv2d(3, 4, 4, stride=4, bias=False),  # 8x8x4 = 256 numbers
        nn.BatchNorm2d(4),  # nothing
        nn.ReLU(),  # outputs
        nn.GroupNorm(2, 4),  # 2 x inputs
        nn.GroupNorm(2, 4, affine=False),  # inputs
        nn.GELU(),  # nothing
        nn.Dropout(),  # nothing
        nn.MaxPool2d(2),  # inputs; 4x4
        nn.LeakyReLU(),  # outputs
        nn.Upsample(scale_factor=2),  # outputs
        nn.ConvTranspose2d(4, 4, 3, padding=1),  # 9 x 4 x 4 for each pixel, and the bias
    )
    cheap = 256 + 2 * 256 + 256 + 256 + 64 + 256
    convolved = 64 * 4 * 48 + 64 * (9 * 4 * 4) + 256
    model = network(generator, FixedClassifier)
    assert paper_macs(model, 32, 32) == cheap + convolved + HEAD


def test_products_of_attention_are_in_the_true_count_alone():
    generator = Sequence(4, nn.Conv2d(3, 4, 8, stride=8, bias=False), Attention(4))
    model = network(generator, FixedClassifier)
    convolved, projected = 16 * 4 * 192, 16 * 4 * 4
    products = 2 * 16 * 16 * 4
    assert paper_macs(model, 32, 32) == convolved + projected + HEAD
    assert true_macs(model, 32, 32) == convolved + projected + products + 8 * 8 * 5 * 4


def test_layer_norm_and_linear():
    rows = torch.zeros(2, 7, 6)
    assert macs(nn.LayerNorm(6), rows, rows) == 2 * rows.numel()
    assert macs(nn.LayerNorm(6, elementwise_affine=False), rows, rows) == rows.numel()
    assert macs(nn.Linear(6, 3), rows, torch.zeros(2, 7, 3)) == 2 * 7 * 6 * 3


def test_neither_teacher_nor_auxiliary_head_is_run():
    model = network(WithAuxiliary(), CACClassifier)
    d, k, n = 8, 5, 64
    body, coarse, theta = n * 48 * d, n * k * d, k * (2 * d * d // 2 + d // 2 * d)
    relu = k * d // 2
    assert paper_macs(model, 32, 32) == body + coarse + n * k + theta + relu
    pooled_and_scored = 2 * n * k * d
    assert true_macs(model, 32, 32) == body + coarse + theta + pooled_and_scored


def test_counting_leaves_the_network_alone():
    model = network(WithAuxiliary(), SSAClassifier).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    paper_macs(model, 32, 32)
    true_macs(model, 32, 32)
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


def test_mix_transformer_counts_as_the_released_segformer():
    """Its attention as the skipped nn.MultiheadAttention, its linear layers as 1x1 convolutions."""
    d, n = 8, 16

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = mix_transformer.Attention(d, num_heads=2, qkv_bias=True, sr_ratio=2)
            self.mlp = mix_transformer.Mlp(d, 2 * d)

        def forward(self, maps):
            rows = maps.flatten(2).mT
            rows = self.mlp(self.attention(rows, 4, 4), 4, 4)
            return rows.mT.unflatten(2, (4, 4))

    model = network(Sequence(d, nn.Conv2d(3, d, 4, stride=4, bias=False), Block()), FixedClassifier)
    reduced = 4 * d * (4 * d + 1) + 2 * 4 * d  # 2x2 convolution with bias, layer norm
    feed_forward = n * (d * 2 * d + 2 * d) + n * (2 * d * d + d)
    depthwise = n * 2 * d * (9 + 1)
    body, head = n * 48 * d, n * 5 * (d + 1)
    assert paper_macs(model, 16, 16) == body + reduced + feed_forward + depthwise + head


@pytest.mark.parametrize(
    ("classifier", "paper", "true"),
    [(FixedClassifier, 236.084, 236.865), (SSAClassifier, 236.326, None)],
)
def test_upernet_swin_has_the_published_count(classifier, paper, true):
    """SSA Table 1, 512x512, 150 classes: 236.1 and 236.3."""
    with torch.device("meta"):
        generator = EncoderDecoder(
            TimmEncoder("swin_tiny_patch4_window7_224", pretrained=False, output_norm=nn.LayerNorm),
            lambda widths: UPerNetDecoder(widths, channels=512, norm=nn.BatchNorm2d),
            lambda widths: AuxiliaryHead(
                widths, num_classes=150, level=2, channels=256, dropout=0.1, norm=nn.BatchNorm2d
            ),
        )
        model = network(generator, classifier, 150)
    assert paper_macs(model, 512, 512) / 1e9 == pytest.approx(paper, abs=6e-4)
    if true is not None:
        saved = saved_by_joining(128, (64, 32, 16)) + saved_by_joining(16, (1, 2, 3, 6))
        assert (true_macs(model, 512, 512) + saved) / 1e9 == pytest.approx(true, abs=6e-4)


def saved_by_joining(side, coarse, d=512):
    """Products that a 3x3 convolution of resized and concatenated maps would add to ours.

    Ours mixes the channels on each map's own grid and then resizes what each tap gives, first
    along the rows, then along the columns.
    """
    saved = 0
    for own in coarse:
        resizing = own * side * (3 * own) * (3 * d) + side * side * (3 * own) * d
        saved += 9 * d * d * (side**2 - own**2) - resizing
    return saved
