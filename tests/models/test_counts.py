"""Parameters of the published networks; architectures.md 2.4, every row of CAC Table 1."""

import pytest
import torch
from networks import generator

CLASSES = 150

PUBLISHED = {
    "fcn_mobilenetv2": 1_811_712 + 7_747_734 + 260_246,
    "deeplabv3plus_mobilenetv2": 1_811_712 + 13_273_286 + 260_246,
    "ocrnet_hrnet18": 9_562_260 + 2_620_480,
    "upernet_resnet50": 23_527_264 + 40_590_486 + 2_398_358,
    "deeplabv3plus_resnet50": 23_527_264 + 17_765_126 + 2_398_358,
    "ocrnet_hrnet48": 65_325_120 + 5_207_980,
    "upernet_resnet101": 42_519_392 + 40_590_486 + 2_398_358,
    "deeplabv3plus_resnet101": 42_519_392 + 17_765_126 + 2_398_358,
    "fcn_resnet101": 42_519_392 + 23_672_982 + 2_398_358,
    "upernet_swin": 27_520_698 + 31_497_366 + 923_798,
    "upernet_swin_tiny": 59_941_862,
    "upernet_swin_base": 86_880_376 + 33_315_990 + 1_218_710,
    "upernet_swin_large": 195_201_204 + 36_953_238 + 1_808_534,
    # Window 7: each of 24 blocks has (23^2 - 13^2) fewer positions per head.
    "upernet_swin_base_window7": 121_415_076 - 360 * (2 * 4 + 2 * 8 + 18 * 16 + 2 * 32),
    "upernet_swin_large_window7": 233_962_976 - 360 * (2 * 6 + 2 * 12 + 18 * 24 + 2 * 48),
    "upernet_vit_adapter_large": 326_973_632 + 34_430_102 + 2_398_358,
}
"""Encoder + decoder with its 1x1 classifier + auxiliary head."""

SEGFORMER = {
    "segformer_b0": 3_319_392 + 434_326,
    "segformer_mit_b0": 3_319_392 + 434_326,
    "segformer_mit_b1": 13_151_424 + 565_398,
    "segformer_mit_b2": 24_196_288 + 565_398,
    "segformer_mit_b3": 44_072_128 + 565_398,
    "segformer_mit_b4": 60_842_688 + 565_398,
    "segformer_mit_b5": 81_443_008 + 565_398,
}
SLOW = {"segformer_mit_b2", "segformer_mit_b3", "segformer_mit_b4", "segformer_mit_b5"}
LARGE = ("resnet101", "hrnet48", "base", "window7", "large")
"""Ends of the names of those whose smaller sibling is the same code."""

CAC_TABLE_1 = {
    "fcn_mobilenetv2": 9.82,
    "deeplabv3plus_mobilenetv2": 15.35,
    "ocrnet_hrnet18": 12.18,
    "upernet_resnet50": 66.52,
    "deeplabv3plus_resnet50": 43.69,
    "ocrnet_hrnet48": 70.53,
    "upernet_resnet101": 85.51,
    "deeplabv3plus_resnet101": 62.68,
    "upernet_swin": 59.94,
    "upernet_swin_base": 121.42,
    "upernet_swin_large": 233.96,
}
"""Millions, as printed."""


def parameters(name):
    """Of the generator and of a 1x1 convolution to the classes."""
    model = generator(name, CLASSES)
    return sum(p.numel() for p in model.parameters()) + CLASSES * (model.channels + 1)


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if n.endswith(LARGE) else n for n in PUBLISHED],
)
def test_parameters_are_the_published_networks(name):
    with torch.device("meta"):
        assert parameters(name) == PUBLISHED[name]


@pytest.mark.parametrize("name", CAC_TABLE_1)
def test_the_sums_are_what_the_paper_prints(name):
    assert round(PUBLISHED[name] / 1e6, 2) == CAC_TABLE_1[name]


# smp computes MiT's rates of stochastic depth with .item(), which the meta device has not.
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in SEGFORMER]
)
def test_parameters_of_segformer_are_the_published(name):
    assert parameters(name) == SEGFORMER[name]


@pytest.mark.parametrize("name", ["tiny", "tiny_group"])
def test_tiny_stays_under_a_quarter_of_a_million_parameters(name):
    assert 0.2e6 < sum(p.numel() for p in generator(name).parameters()) < 0.25e6


CONVNEXT = {"tiny": 60, "small": 82, "base": 122}
"""Millions of UPerNet's parameters in the ConvNeXt paper's table of ADE20K, as printed."""


@pytest.mark.parametrize("size", CONVNEXT)
def test_parameters_of_convnext_are_the_published(size):
    with torch.device("meta"):
        assert round(parameters(f"upernet_convnext_{size}") / 1e6) == CONVNEXT[size]
