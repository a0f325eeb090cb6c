"""Every ``model=`` option: sizes, memory formats, compilation."""

import copy
import math
from functools import cache
from pathlib import Path

import pytest
import torch
from networks import generator
from torch import nn

from segadapt.cli.hydra_command import CONF

MODELS = sorted({file.stem for file in (Path(CONF) / "model").glob("*.yaml")} - {"cached"})
ON_CPU = [name for name in MODELS if name.startswith("segformer")]
"""Networks whose constructor reads values, which the meta device has not."""

LARGE = {"hrnet48", "resnet101", "small", "base", "plus", "large", "window7"}
"""Last words of those whose smaller sibling is the same code."""

STRIDES = {
    "fcn": 8, "segnext": 8, "seaformer": 8, "afformer": 8, "linear": 16, "cgrseg": 8,
    "smp_deeplabv3": 8, "smp_pspnet": 8, "smp_dpt": 2,
}  # fmt: skip
"""By the name or its first word; 4 else."""

TINY_VIT = ["+model.encoder.depth=4", "+model.encoder.embed_dim=48", "+model.encoder.num_heads=3"]
TINY_HIERA = [
    "+model.encoder.stages=[1,1,2,1]",
    "+model.encoder.embed_dim=16",
    "+model.encoder.global_att_blocks=[3]",
]

NARROW = {
    "tiny": [],
    "upernet_swin": ["model.decoder.channels=16", "+model.encoder.depths=[1,1,2,1]"],
    "upernet_resnet50": ["model.decoder.channels=16", "model.encoder.name=test_resnet"],
    "upernet_vit_adapter_small": [
        "model.decoder.channels=16",
        "model.encoder.name=test_vit2",
        "model.encoder.heads=4",
    ],
    "deeplabv3plus_mobilenetv2": ["model.decoder.channels=16"],
    "cgrseg_base": ["model.decoder.channels=16", "model.encoder.name=efficientformerv2_s0"],
    "segformer_b0": ["model.decoder.channels=16"],
    "smp_unet": ["model.encoder=resnet18"],
    "ocrnet_hrnet18": ["model.decoder.channels=16", "model.encoder.name=hrnet_w18_small"],
    "fcn_mobilenetv2": ["model.decoder.channels=16"],
    "upernet_convnext_tiny": [
        "model.decoder.channels=16",
        "model.encoder.name=test_convnext",
        "model.encoder.drop_path_rate=0",
    ],
    "upernet_convnextv2_tiny": ["model.decoder.channels=16", "model.encoder.name=test_convnext2"],
    "upernet_sam2_hiera_tiny": ["model.decoder.channels=16", *TINY_HIERA],
    "upernet_dinov3_vit_small": ["model.decoder.channels=16", *TINY_VIT],
    "linear_dinov3_vit_small": TINY_VIT,
    "smp_fpn": ["model.encoder=resnet18"],
    "smp_dpt": [
        "model.encoder=test_vit",
        "+model.decoder_fusion_channels=16",
        "+model.decoder_intermediate_channels=[8,16,32,32]",
    ],
}
"""The networks of the framework's own tests, made small."""


SMALL = {**NARROW, "segformer_mit_b0": ["model.decoder.channels=16"]}
"""Those that see images smaller than a cell of their coarsest map."""


@cache
def evaluated(name):
    """A small network for evaluation, which leaves it as it is, so that tests share it."""
    return generator(name, overrides=SMALL[name]).eval()


def cells(name, size):
    stride = STRIDES.get(name) or STRIDES.get(name.split("_")[0], 4)
    return tuple(math.ceil(side / stride) for side in size)


@pytest.mark.parametrize(
    "name",
    [
        # Those in NARROW train on odd sizes below.
        pytest.param(name, marks=pytest.mark.slow)
        if name.split("_")[-1] in LARGE or name in NARROW
        else name
        for name in MODELS
        if name not in ON_CPU
    ],
)
def test_every_model_takes_odd_sizes(name):
    with torch.device("meta"):
        model = generator(name).eval()
        pixels = model(torch.empty(1, 3, 97, 131)).pixels
    assert pixels.shape == (1, model.channels, *cells(name, (97, 131)))


@pytest.mark.parametrize("name", NARROW)
def test_trains_on_odd_sizes_through_every_parameter(name):
    model = generator(name, overrides=NARROW[name])
    features = model(torch.randn(2, 3, 97, 131), auxiliary=True)
    assert features.pixels.shape == (2, model.channels, *cells(name, (97, 131)))
    loss = features.pixels.square().mean()
    if features.auxiliary is not None:
        loss = loss + features.auxiliary.square().mean()
    loss.backward()
    assert [n for n, p in model.named_parameters() if p.grad is None] == []
    assert all(p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("name", SMALL)
def test_evaluates_strips_and_images_of_one_pixel(name):
    for size in ((1, 1), (8, 8), (1, 300), (20, 400), (33, 31)):
        with torch.no_grad():
            pixels = evaluated(name)(torch.randn(1, 3, *size)).pixels
        assert pixels.shape == (1, evaluated(name).channels, *cells(name, size))
        assert pixels.isfinite().all()


@pytest.mark.parametrize("name", NARROW)
def test_evaluates_a_single_image_as_in_a_batch(name):
    model = evaluated(name)
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        together, alone = model(images).pixels, model(images[:1]).pixels
    torch.testing.assert_close(together[:1], alone, atol=2e-4, rtol=1e-3)


@pytest.mark.parametrize("name", NARROW)
def test_bf16_is_finite(name):
    model = evaluated(name)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert model(torch.randn(1, 3, 49, 67)).pixels.isfinite().all()


# smp's FPN has group normalisation, which torch computes in the other format on CPUs.
@pytest.mark.parametrize("name", sorted(NARROW.keys() - {"smp_fpn"}))
def test_channels_last_is_kept(name):
    model = copy.deepcopy(evaluated(name)).to(memory_format=torch.channels_last)
    image = torch.randn(2, 3, 64, 96).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        pixels = model(image).pixels
        assert pixels.is_contiguous(memory_format=torch.channels_last)
        expected = model(image.contiguous()).pixels
    torch.testing.assert_close(pixels, expected, atol=2e-4, rtol=1e-3)


@pytest.mark.usefixtures("without_shape_checks")
@pytest.mark.parametrize(
    ("name", "training", "backend"),
    [
        ("tiny", True, "aot_eager"),
        ("linear_dinov3_vit_small", True, "eager"),
        pytest.param("upernet_resnet50", True, "eager", marks=pytest.mark.slow),
        pytest.param("upernet_convnext_tiny", True, "eager", marks=pytest.mark.slow),
        pytest.param("upernet_swin", False, "aot_eager", marks=pytest.mark.slow),
    ],
)
def test_compiles_as_one_graph(name, training, backend):
    model = generator(name, overrides=NARROW[name]).train(training)
    images = torch.randn(2, 3, 40, 56)
    expected = model(images).pixels
    found = torch.compile(model, fullgraph=True, backend=backend)(images).pixels
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-3)
    found.sum().backward()
    assert all(p.grad is not None for p in model.decoder.parameters())


def test_auxiliary_scores_come_only_when_asked_for():
    model = generator("upernet_resnet50", overrides=NARROW["upernet_resnet50"])
    images = torch.randn(2, 3, 64, 64)
    assert model(images).auxiliary is None
    assert model(images, auxiliary=True).auxiliary.shape == (2, 5, 4, 4)


def test_auxiliary_scores_come_in_evaluation_too():
    model = generator("upernet_resnet50", overrides=NARROW["upernet_resnet50"]).eval()
    assert model(torch.randn(1, 3, 64, 64), auxiliary=True).auxiliary is not None


def test_the_auxiliary_head_may_be_switched_off_or_removed():
    off = generator("upernet_swin", overrides=[*NARROW["upernet_swin"], "model.auxiliary=null"])
    assert off(torch.randn(2, 3, 32, 32), auxiliary=True).auxiliary is None
    removed = generator("upernet_resnet50", overrides=NARROW["upernet_resnet50"])
    removed.auxiliary = None
    assert removed(torch.randn(2, 3, 32, 32), auxiliary=True).auxiliary is None


def test_parts_can_be_exchanged():
    with torch.device("meta"):
        model = generator("upernet_swin", overrides=["model/encoder=swin_base"])
        assert model.encoder.channels == (128, 256, 512, 1024)
        model = generator("upernet_swin", overrides=["model/decoder=segformer"])
        assert model.channels == 256


def test_tiny_group_has_no_statistics_of_a_batch():
    model = generator("tiny_group")
    assert not any(isinstance(part, nn.BatchNorm2d) for part in model.modules())
    images = torch.randn(3, 3, 32, 48)
    parts = torch.cat([model(images[:2]).pixels, model(images[2:]).pixels])
    torch.testing.assert_close(model(images).pixels, parts, atol=1e-5, rtol=1e-5)
