import pytest
import timm
import torch
import torch.nn.functional as F
from torch import nn

from segadapt.models.encoders.timm import TimmEncoder
from segadapt.models.encoders.timm_patches.hrnet import fuse_bilinearly

NAME = "hrnet_w18_small"


@pytest.fixture
def network():
    return timm.create_model(NAME, features_only=True, feature_location="").eval()


def grow(level, factor, size):
    """By the factor, then to the exact size, as mmsegmentation's module does."""
    level = F.interpolate(level, scale_factor=factor, mode="bilinear", align_corners=False)
    return F.interpolate(level, size=size, mode="bilinear", align_corners=False)


@pytest.mark.parametrize("size", [(16, 24), (13, 19)])
def test_fusion_equals_the_sum_over_branches(network, size):
    module = network.stage3[0]
    rows, columns = size
    maps = [torch.randn(1, 16 * 2**i, -(-rows // 2**i), -(-columns // 2**i)) for i in range(3)]
    with torch.no_grad():
        inner = [branch(level) for branch, level in zip(module.branches, maps, strict=True)]
        expected = []
        for i, row in enumerate(module.fuse_layers):
            total = inner[i]
            for j, layer in enumerate(row):
                if j > i:
                    convolved = layer[1](layer[0](inner[j]))
                    total = total + grow(convolved, 2 ** (j - i), inner[i].shape[2:])
                elif j < i:
                    total = total + layer(inner[j])
            expected.append(total.relu())
        fuse_bilinearly(network)
        found = network.stage3[0](list(maps))
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_it_is_timms_network_with_bilinear_upsampling_at_multiples_of_32(network):
    encoder = TimmEncoder(NAME, pretrained=False).eval()
    network.load_state_dict(encoder.body.state_dict())  # names are the same
    for module in network.modules():
        if isinstance(module, nn.Upsample):
            module.mode, module.align_corners = "bilinear", False
    image = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        for ours, theirs in zip(encoder(image), network(image)[1:], strict=True):
            assert ours.equal(theirs)


def test_without_classification_modules():
    assert TimmEncoder(NAME, pretrained=False).channels == (16, 32, 64, 128)
