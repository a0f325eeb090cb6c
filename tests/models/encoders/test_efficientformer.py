from functools import partial

import cv2
import pytest
import timm
import torch
import torch.nn.functional as F

from segadapt.models.encoders.timm import TimmEncoder
from segadapt.models.encoders.timm_patches.efficientformer import (
    DownsamplingAttention,
    MapAttention,
    distances,
    take_any_size,
)

NAME = "efficientformerv2_s0"


def network(side: int) -> torch.nn.Module:
    """timm's, with scores of distances that are not 0, and rates of skipping that are."""
    model = timm.create_model(NAME, img_size=side, features_only=True)
    for name, parameter in model.named_parameters():
        if "attention_biases" in name:
            torch.nn.init.normal_(parameter)
        if "ls" in name and "gamma" in name:
            torch.nn.init.ones_(parameter)
    return model


@torch.no_grad()
@pytest.mark.parametrize("training", [True, False])
def test_at_the_built_size_it_is_timms_network(training):
    model, image = network(96).train(training), torch.randn(2, 3, 96, 96)
    expected = model(image)
    state = model.state_dict()
    take_any_size(model)
    assert model.state_dict().keys() == state.keys()
    assert sum(type(part) is MapAttention for part in model.modules()) == 4
    assert sum(type(part) is DownsamplingAttention for part in model.modules()) == 1
    torch.testing.assert_close(model.train(training)(image), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("side", "step"), [(3, 1), (6, 2), (5, 2)])
def test_distances_count_rows_and_columns(side, step):
    queries = [(i, j) for i in range(0, side, step) for j in range(0, side, step)]
    keys = [(i, j) for i in range(side) for j in range(side)]
    expected = [[abs(a - i) * side + abs(b - j) for i, j in keys] for a, b in queries]
    assert distances(side, step).tolist() == expected


def normed(part, x):
    """Convolution and normalisation with fixed statistics."""
    bn = part.bn
    scale = (bn.weight / (bn.running_var + bn.eps).sqrt())[:, None, None]
    return scale * (part.conv(x) - bn.running_mean[:, None, None]) + bn.bias[:, None, None]


def attention(module, query, key, value):
    """One head, query and key after the other; OpenCV resizes the scores of distances."""
    heads, count = module.num_heads, key.shape[2] * key.shape[3]
    rows = query.shape[2] * query.shape[3]
    query, key, value = (part[0].flatten(1).chunk(heads) for part in (query, key, value))
    scores = torch.zeros(heads, rows, count)
    for s in range(heads):
        matrix = module.attention_biases[s][module.attention_bias_idxs].numpy()
        bias = torch.from_numpy(cv2.resize(matrix, (count, rows), interpolation=cv2.INTER_CUBIC))
        for q in range(rows):
            for n in range(count):
                scores[s, q, n] = query[s][:, q] @ key[s][:, n] * module.scale + bias[q, n]
    if isinstance(module, MapAttention):
        scores = talk(module.talking_head1, scores)
    weights = scores.exp() / scores.exp().sum(2, keepdim=True)
    if isinstance(module, MapAttention):
        weights = talk(module.talking_head2, weights)
    return torch.cat([value[s] @ weights[s].T for s in range(heads)])


def talk(layer, matrices):
    mixed = torch.einsum("ts,sqn->tqn", layer.weight[:, :, 0, 0], matrices)
    return mixed + layer.bias[:, None, None]


def first(kind):
    """The first attention of this kind in a network for any size."""
    model = network(96).eval()
    take_any_size(model)
    return next(part for part in model.modules() if type(part) is kind)


SIZES = [(4, 6), (5, 3)]


@torch.no_grad()
@pytest.mark.parametrize("size", SIZES)
def test_attention_on_other_maps_is_the_equation(size):
    module = first(MapAttention)
    features = torch.randn(1, module.proj.conv.out_channels, *size)
    tokens = normed(module.stride_conv, features)
    query, key, value = (normed(part, tokens) for part in (module.q, module.k, module.v))
    mixed = attention(module, query, key, value).reshape(1, -1, *query.shape[2:])
    mixed = mixed + normed(module.v_local, value)
    mixed = F.interpolate(mixed, size, mode="bilinear", align_corners=False)
    expected = normed(module.proj, F.gelu(mixed))
    torch.testing.assert_close(module(features), expected, rtol=1e-4, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("size", SIZES)
def test_downsampling_attention_on_other_maps_is_the_equation(size):
    module = first(DownsamplingAttention)
    features = torch.randn(1, module.q.proj.conv.in_channels, *size)
    query = normed(module.q.proj, module.q.local(features) + features[:, :, ::2, ::2])
    key, value = normed(module.k, features), normed(module.v, features)
    mixed = attention(module, query, key, value).reshape(1, -1, *query.shape[2:])
    expected = normed(module.proj, F.gelu(mixed + normed(module.v_local, value)))
    torch.testing.assert_close(module(features), expected, rtol=1e-4, atol=1e-4)


def test_training_reaches_the_scores_of_distances():
    model = network(96)
    take_any_size(model, side=128)
    model(torch.randn(2, 3, 97, 75))[-1].square().mean().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    biases = [p for name, p in model.named_parameters() if "attention_biases" in name]
    assert all(bias.grad.abs().sum() > 0 for bias in biases)


@torch.no_grad()
@pytest.mark.parametrize("size", [(97, 131), (30, 17), (1, 1)])
def test_single_images_of_any_size_give_every_level_its_size(size):
    encoder = TimmEncoder(NAME, pretrained=False).eval()
    shapes = [tuple(level.shape[2:]) for level in encoder(torch.randn(1, 3, *size))]
    assert shapes == [(-(-size[0] // s), -(-size[1] // s)) for s in (4, 8, 16, 32)]


def test_weights_of_another_size_start_the_scores_of_distances_anew(tmp_path):
    published = timm.create_model(NAME)  # built for 224 x 224, as timm's weights are
    for name, parameter in published.named_parameters():
        if "attention_biases" in name:
            torch.nn.init.normal_(parameter)
    torch.save(published.state_dict(), tmp_path / "e.pth")
    wider = partial(take_any_size, side=512)
    encoder = TimmEncoder(NAME, False, str(tmp_path / "e.pth"), rewrite=wider)
    state = published.state_dict()
    for name, value in encoder.body.state_dict().items():
        if "attention_biases" in name:
            sides = {16 * 16, 32 * 32}
            assert value.shape[1] in sides
            assert value.count_nonzero() == 0
        else:
            assert torch.equal(value, state[name.replace("_", ".", 1)])
