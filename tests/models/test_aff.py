from functools import partial

import torch
from torch import nn

from segadapt.models.decoders.aff import AFFDecoder


@torch.no_grad()
def test_decoder_normalises_a_mix_of_the_last_map_by_groups():
    decoder = AFFDecoder([3, 5], norm=partial(nn.GroupNorm, 2), channels=6)
    norm = decoder.squeeze[1]
    norm.weight.uniform_(-1, 1)
    norm.bias.uniform_(-1, 1)
    pyramid = [torch.randn(2, 3, 8, 8), torch.randn(2, 5, 4, 7)]

    mixed = torch.einsum("oc,bchw->bohw", decoder.squeeze[0].weight[:, :, 0, 0], pyramid[1])
    groups = mixed.reshape(2, 2, -1)
    deviation = (groups.var(2, unbiased=False, keepdim=True) + 1e-5).sqrt()
    normal = ((groups - groups.mean(2, keepdim=True)) / deviation).view_as(mixed)
    expected = (normal * norm.weight[:, None, None] + norm.bias[:, None, None]).relu()

    torch.testing.assert_close(decoder(pyramid).pixels, expected)


def test_dead_block_of_the_release_is_left_out():
    """The release counts 160,406 with 150 classes, of which 66,048 are in no forward pass."""
    decoder = AFFDecoder([96, 176, 216, 216], norm=partial(nn.GroupNorm, 32))
    counted = sum(parameter.numel() for parameter in decoder.parameters())
    dead = 256 * 256 + 2 * 256
    assert counted + 256 * 150 + 150 == 94_358 == 160_406 - dead
