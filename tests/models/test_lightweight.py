"""What SegNeXt, SeaFormer and AFFormer share: published sizes, and that they run everywhere."""

from pathlib import Path

import pytest
import torch
from lightweight_probe import ENCODERS
from networks import generator
from unchecked import run_unchecked

from segadapt.models.interfaces import Encoder

PUBLISHED = {  # encoder, head with 150 classes, channels of the levels, strides, width, total in M
    "segnext_tiny": (3_903_584, 359_830, (32, 64, 160, 256), (4, 8, 16, 32), 256, 4.26),
    "segnext_small": (13_450_176, 482_710, (64, 128, 320, 512), (4, 8, 16, 32), 256, 13.93),
    "segnext_base": (26_277_824, 1_358_486, (64, 128, 320, 512), (4, 8, 16, 32), 512, 27.64),
    "segnext_large": (44_636_864, 4_289_686, (64, 128, 320, 512), (4, 8, 16, 32), 1024, 48.93),
    "seaformer_base": (8_485_664, 119_990, (64, 192, 256), (8, 32, 64), 160, 8.61),
    "seaformer_large": (13_725_504, 226_006, (128, 192, 256, 320), (8, 16, 32, 64), 192, 13.95),
    # Heads without the release's 66,048 dead weights; with them AFFormer-B has its 3.00 M.
    "afformer_tiny": (2_032_948, 94_358, (64, 160, 216, 216), (4, 8, 8, 8), 256, None),
    "afformer_small": (2_228_748, 94_358, (64, 176, 216, 216), (4, 8, 8, 8), 256, None),
    "afformer_base": (2_843_548, 94_358, (96, 176, 216, 216), (4, 8, 8, 8), 256, 2.94),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_the_published_integers(name):
    encoder, head, channels, strides, width, millions = PUBLISHED[name]
    with torch.device("meta"):
        network = generator(name)
    counted = [sum(p.numel() for p in m.parameters()) for m in (network.encoder, network.decoder)]
    classifier = width * 150 + 150
    assert counted == [encoder, head - classifier]
    assert (network.encoder.channels, network.encoder.strides) == (channels, strides)
    assert network.channels == width
    assert millions is None or round((encoder + head) / 1e6, 2) == millions


def test_afformer_base_has_its_published_total_with_the_dead_weights():
    encoder, head, *_ = PUBLISHED["afformer_base"]
    assert round((encoder + head + 66_048) / 1e6, 2) == 3.00


@pytest.fixture(params=ENCODERS)
def encoder(request) -> Encoder:
    return ENCODERS[request.param](drop_path=0.0)


@torch.no_grad()
@pytest.mark.parametrize("size", [(97, 131), (30, 17), (1, 1), (500, 376)])
def test_single_images_of_any_size_give_every_level_its_size(encoder, size):
    pyramid = encoder.eval()(torch.randn(1, 3, *size))
    expected = [
        (1, width, -(-size[0] // stride), -(-size[1] // stride))
        for width, stride in zip(encoder.channels, encoder.strides, strict=True)
    ]
    assert [tuple(level.shape) for level in pyramid] == expected
    assert all(level.isfinite().all() for level in pyramid)


def test_training_gives_every_weight_a_gradient(encoder):
    pyramid = encoder.train()(torch.randn(2, 3, 45, 66))
    sum(level.square().mean() for level in pyramid).backward()
    missing = [n for n, p in encoder.named_parameters() if p.grad is None or p.grad.isnan().any()]
    assert missing == []


@torch.no_grad()
def test_channels_last_changes_nothing(encoder):
    image = torch.randn(2, 3, 75, 60)
    expected = encoder.eval()(image)
    encoder.to(memory_format=torch.channels_last)
    pyramid = encoder(image.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(pyramid, expected, rtol=1e-3, atol=1e-4)


def test_half_precision_trains(encoder):
    with torch.autocast("cpu", torch.bfloat16):
        pyramid = encoder(torch.randn(2, 3, 64, 64))
    sum(level.float().square().mean() for level in pyramid).backward()
    assert all(parameter.grad.isfinite().all() for parameter in encoder.parameters())


@pytest.mark.slow
def test_each_network_is_one_graph_with_the_eager_numbers_and_gradients():
    words = run_unchecked(Path(__file__).with_name("lightweight_probe.py"))
    assert words == list(ENCODERS)


@torch.no_grad()
def test_images_do_not_see_each_other_in_evaluation(encoder):
    image = torch.randn(3, 3, 64, 48)
    together, alone = encoder.eval()(image), encoder(image[1:2])
    torch.testing.assert_close([level[1:2] for level in together], alone, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("make", ENCODERS.values(), ids=ENCODERS)
def test_published_weights_need_the_authors_file(make):
    with pytest.raises(ValueError, match=r"exist only as its authors' files: .*weights=FILE"):
        make(pretrained=True)
