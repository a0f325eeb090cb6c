import pytest
import timm
import torch
import torch.nn.functional as F
from timm.layers import set_fused_attn
from timm.models.swin_transformer import SwinTransformer
from torch.export import Dim

from segadapt.models.encoders.timm import TimmEncoder
from segadapt.models.encoders.timm_patches.swin import pad_before_shift

SMALL = {
    "depths": (2, 2, 2, 2), "embed_dim": 8, "num_heads": (1, 2, 2, 2), "head_dim": 4,
    "strict_img_size": False, "always_partition": True, "num_classes": 0,
}  # fmt: skip


def attend(attn, tokens, region, window):
    """Attention in one window, token pair by token pair where position and region matter."""
    count, heads = len(tokens), attn.num_heads
    query, key, value = attn.qkv(tokens).reshape(count, 3, heads, -1).permute(1, 2, 0, 3)
    scores = query @ key.transpose(1, 2) / query.shape[-1] ** 0.5
    row, column = torch.arange(count) // window, torch.arange(count) % window
    down = row[:, None] - row + window - 1
    across = column[:, None] - column + window - 1
    table = attn.relative_position_bias_table
    scores = scores + table[down * (2 * window - 1) + across].permute(2, 0, 1)
    scores = scores.masked_fill(region[:, None] != region, -100.0)
    return attn.proj((scores.softmax(-1) @ value).transpose(0, 1).reshape(count, -1))


def shifted_window_attention(attn, tokens, window, shift):
    """Pad, roll, cut into windows, attend, and all the way back (one image)."""
    rows, columns = tokens.shape[:2]
    high, wide = -(-rows // window) * window, -(-columns // window) * window
    padded = F.pad(tokens, (0, 0, 0, wide - columns, 0, high - rows)).roll((-shift, -shift), (0, 1))
    side = torch.zeros(high, wide)
    if shift:  # the mask that Swin's authors paint: three bands along each axis
        side[-window:-shift] += 1
        side[-shift:] += 2
        side[:, -window:-shift] += 3
        side[:, -shift:] += 6
    result = torch.empty(high, wide, tokens.shape[-1])
    for top in range(0, high, window):
        for left in range(0, wide, window):
            cut = slice(top, top + window), slice(left, left + window)
            mixed = attend(attn, padded[cut].flatten(0, 1), side[cut].flatten(), window)
            result[cut] = mixed.unflatten(0, (window, window))
    return result.roll((shift, shift), (0, 1))[:rows, :columns]


def reference(network, image):
    """All four stages, on timm's own layers but for the attention."""
    tokens, maps = network.patch_embed(image), []
    for stage in network.layers:
        tokens = stage.downsample(tokens)
        for i, block in enumerate(stage.blocks):
            normed = block.norm1(tokens)[0]
            window = block.window_size[0]
            mixed = shifted_window_attention(block.attn, normed, window, i % 2 * (window // 2))
            tokens = tokens + mixed[None]
            tokens = tokens + block.mlp(block.norm2(tokens))
        maps.append(tokens)
    return maps


@pytest.mark.parametrize("window", [7, 12])
@pytest.mark.parametrize("size", [(480, 480), (512, 512), (500, 376), (512, 684), (20, 36)])
def test_every_stage_equals_padding_before_rolling(size, window):
    network = SwinTransformer(window_size=window, **SMALL).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.5)  # attention that is far from uniform
    image = torch.randn(1, 3, *size)
    with torch.no_grad():
        expected = reference(network, image)
        pad_before_shift(network)
        tokens = network.patch_embed(image)
        for stage, want in zip(network.layers, expected, strict=True):
            tokens = stage(tokens)
            assert torch.linalg.norm(tokens - want) <= 1e-6 * torch.linalg.norm(want)


@pytest.mark.usefixtures("without_shape_checks")
def test_a_program_takes_maps_that_fill_their_windows_and_maps_that_do_not():
    network = SwinTransformer(window_size=7, **SMALL).eval()
    pad_before_shift(network)
    stage = network.layers[0]
    free = {0: Dim.DYNAMIC, 1: Dim.DYNAMIC, 2: Dim.DYNAMIC}
    channels = network.patch_embed.proj.out_channels
    program = torch.export.export(
        stage, (torch.randn(2, 20, 24, channels),), dynamic_shapes=(free,), strict=False
    )
    for size in ((20, 24), (21, 28), (28, 17), (15, 35)):
        tokens = torch.randn(1, *size, channels)
        torch.testing.assert_close(program.module()(tokens), stage(tokens))


def test_names_and_shapes_of_the_parameters_stay_timms():
    plain = SwinTransformer(window_size=7, **SMALL)
    before = {name: value.shape for name, value in plain.state_dict().items()}
    pad_before_shift(plain)
    assert {name: value.shape for name, value in plain.state_dict().items()} == before


def test_nothing_changes_where_nothing_is_padded():
    network = SwinTransformer(window_size=7, **SMALL).eval()
    image = torch.randn(2, 3, 224, 448)
    with torch.no_grad():
        expected = network.forward_features(image)
        pad_before_shift(network)
        torch.testing.assert_close(network.forward_features(image), expected, atol=1e-5, rtol=0)


def test_gradients_equal_timms_where_nothing_is_padded():
    network = SwinTransformer(window_size=7, **SMALL).eval()
    image = torch.randn(2, 3, 224, 224)
    network.forward_features(image).square().sum().backward()
    expected = {name: p.grad.clone() for name, p in network.named_parameters()}
    network.zero_grad()
    pad_before_shift(network)
    network.forward_features(image).square().sum().backward()
    for name, parameter in network.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], atol=2e-4, rtol=1e-3)


def test_fused_attention_equals_timms_plain_one():
    name, sizes = "swin_tiny_patch4_window7_224", {"depths": (1, 1, 2, 1), "embed_dim": 24}
    fused = TimmEncoder(name, pretrained=False, **sizes).eval()
    set_fused_attn(False)
    try:
        plain = timm.create_model(
            name, features_only=True, strict_img_size=False, always_partition=True, **sizes
        ).eval()
    finally:
        set_fused_attn(True, experimental=True)
    plain.load_state_dict(fused.body.state_dict())
    image = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        for ours, theirs in zip(fused(image), plain(image), strict=True):
            torch.testing.assert_close(ours, theirs.permute(0, 3, 1, 2), atol=1e-5, rtol=1e-5)
