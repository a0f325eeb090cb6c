"""Blocks that are computed twice give the same numbers and keep less."""

import copy
from itertools import accumulate

import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from segadapt.models.encoders.parts.checkpointing import checkpoint_blocks
from segadapt.models.encoders.plain_vit import PlainTransformer
from segadapt.models.encoders.smp import SmpEncoder
from segadapt.models.encoders.timm import TimmEncoder

SWIN = {"name": "swin_tiny_patch4_window7_224", "pretrained": False, "drop_path_rate": 0.3}
SMALL = {"embed_dim": 16, "depths": (2, 2, 2, 2), "num_heads": (1, 2, 4, 8)}
ENCODERS = {
    "swin": lambda on: TimmEncoder(**SWIN, **SMALL, checkpointing=on),
    "convnext": lambda on: TimmEncoder(
        "convnext_atto", pretrained=False, drop_path_rate=0.3, checkpointing=on
    ),
    "mit": lambda on: SmpEncoder("mit_b0", pretrained=False, checkpointing=on),
    "vit": lambda on: PlainTransformer(
        "vit_tiny_patch16_224", pretrained=False, embed_dim=48, depth=4, checkpointing=on
    ),
}


def step(encoder, side=64):
    """Maps, and the gradient of all weights; dropout draws the same each time."""
    torch.manual_seed(1)
    image = torch.randn(2, 3, side, side)
    maps = encoder.train()(image)
    gradients = torch.autograd.grad(
        sum(level.square().mean() for level in maps), encoder.parameters()
    )
    return [*maps, *gradients]


@pytest.mark.parametrize("name", ENCODERS)
def test_maps_and_gradients_are_equal_to_the_last_bit(name):
    torch.manual_seed(0)
    plain = ENCODERS[name](False)
    twice = ENCODERS[name](True)
    twice.load_state_dict(plain.state_dict())  # and all names are the same
    for expected, value in zip(step(plain), step(twice), strict=True):
        assert torch.equal(expected, value)


def peak(encoder):
    activities = [ProfilerActivity.CPU]
    with profile(activities=activities, profile_memory=True, acc_events=True) as recorded:
        step(encoder, side=128)
    events = recorded.profiler.kineto_results.events()
    sizes = (event.nbytes() for event in events if event.name() == "[memory]")
    return max(accumulate(sizes, initial=0))


def test_a_step_needs_less_memory():
    plain, twice = ENCODERS["swin"](False), ENCODERS["swin"](True)
    assert peak(twice) < 0.6 * peak(plain)


def test_inference_is_computed_once():
    encoder, calls = ENCODERS["swin"](True).eval(), []
    block = next(m for m in encoder.modules() if type(m).__name__.endswith("Block"))
    block.norm1.register_forward_hook(lambda *_: calls.append(1))
    encoder(torch.randn(1, 3, 64, 64, requires_grad=True))[-1].sum().backward()
    assert len(calls) == 1
    encoder.train()(torch.randn(1, 3, 64, 64))[-1].sum().backward()
    assert len(calls) == 3


def test_copies_stay_checkpointed():
    encoder = copy.deepcopy(ENCODERS["mit"](True))
    assert all(
        torch.equal(a, b) for a, b in zip(step(encoder), step(copy.deepcopy(encoder)), strict=True)
    )


def test_batch_norm_is_refused():
    with pytest.raises(ValueError, match=r"blocks of resnetish contain batch norm, whose statis"):
        checkpoint_blocks(nn.Sequential(Block(), Block()), "resnetish")


def test_a_network_without_blocks_is_refused():
    with pytest.raises(ValueError, match=r"mobilenet has no blocks that could be computed twice"):
        checkpoint_blocks(nn.Sequential(nn.Conv2d(3, 3, 1)), "mobilenet")


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
