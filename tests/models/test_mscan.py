import logging

import torch
import torch.nn.functional as F
from authors import Checkpoint

from segadapt.models.encoders.mscan import MSCAN, StripAttention

CHANNELS, DEPTHS, RATIOS = (4, 6, 8, 10), (2, 1, 1, 1), (3, 2, 2, 2)


def depthwise_by_loops(image, weight, bias):
    """Every cell is the weighted sum of the window around it; outside is 0."""
    channels, rows, columns = image.shape
    down, across = weight.shape[-2:]
    out = torch.zeros_like(image)
    for c in range(channels):
        for y in range(rows):
            for x in range(columns):
                total = bias[c].clone()
                for i in range(down):
                    for j in range(across):
                        v, u = y + i - down // 2, x + j - across // 2
                        if 0 <= v < rows and 0 <= u < columns:
                            total += weight[c, 0, i, j] * image[c, v, u]
                out[c, y, x] = total
    return out


@torch.no_grad()
def test_strip_attention_equals_the_loops():
    module = StripAttention(2)
    image = torch.randn(2, 4, 9)

    local = depthwise_by_loops(image, module.local.weight, module.local.bias)
    context = local.clone()
    for strip, length in zip(module.strips, (7, 11, 21), strict=True):
        assert strip[0].weight.shape[-2:] == (1, length)
        assert strip[1].weight.shape[-2:] == (length, 1)
        across = depthwise_by_loops(local, strip[0].weight, strip[0].bias)
        context += depthwise_by_loops(across, strip[1].weight, strip[1].bias)
    mixed = torch.einsum("oc,chw->ohw", module.mix.weight[:, :, 0, 0], context)
    expected = (mixed + module.mix.bias[:, None, None]) * image

    torch.testing.assert_close(module(image[None])[0], expected)


def attention(point: Checkpoint, x, name):
    width = x.shape[1]
    u = F.gelu(point.conv(x, f"{name}.proj_1", width, bias=True))
    gate = f"{name}.spatial_gating_unit"
    local = point.conv(u, f"{gate}.conv0", width, 5, bias=True, groups=width)
    context = local
    for index, length in enumerate((7, 11, 21)):
        strip = point.conv(local, f"{gate}.conv{index}_1", width, (1, length), True, width)
        strip = point.conv(strip, f"{gate}.conv{index}_2", width, (length, 1), True, width)
        context = context + strip
    gated = point.conv(context, f"{gate}.conv3", width, bias=True) * u
    return point.conv(gated, f"{name}.proj_2", width, bias=True) + x


def block(point: Checkpoint, x, name, ratio):
    width = x.shape[1]
    scale = point.draw(f"{name}.layer_scale_1", width)[:, None, None]
    x = x + scale * attention(point, point.batch_norm(x, f"{name}.norm1"), f"{name}.attn")
    y = point.conv(
        point.batch_norm(x, f"{name}.norm2"), f"{name}.mlp.fc1", ratio * width, bias=True
    )
    y = point.conv(y, f"{name}.mlp.dwconv.dwconv", ratio * width, 3, True, ratio * width)
    y = point.conv(F.gelu(y), f"{name}.mlp.fc2", width, bias=True)
    return x + point.draw(f"{name}.layer_scale_2", width)[:, None, None] * y


def mscan(point: Checkpoint, x):
    """SegNeXt's encoder, with the names of its authors' checkpoints."""
    pyramid = []
    for i, (width, depth, ratio) in enumerate(zip(CHANNELS, DEPTHS, RATIOS, strict=True)):
        embed = f"patch_embed{i + 1}"
        if i == 0:
            x = point.conv(x, f"{embed}.proj.0", width // 2, 3, bias=True, stride=2)
            x = F.gelu(point.batch_norm(x, f"{embed}.proj.1"))
            x = point.conv(x, f"{embed}.proj.3", width, 3, bias=True, stride=2)
            x = point.batch_norm(x, f"{embed}.proj.4")
        else:
            x = point.conv(x, f"{embed}.proj", width, 3, bias=True, stride=2)
            x = point.batch_norm(x, f"{embed}.norm")
        for j in range(depth):
            x = block(point, x, f"block{i + 1}.{j}", ratio)
        x = point.layer_norm(x.permute(0, 2, 3, 1), f"norm{i + 1}", 1e-5).permute(0, 3, 1, 2)
        pyramid.append(x)
    return pyramid


@torch.no_grad()
def test_authors_checkpoint_gives_the_stated_network(tmp_path, caplog):
    point, image = Checkpoint(), torch.randn(2, 3, 41, 70)
    expected = mscan(point, image)
    torch.save({"state_dict": point.state | {"head.bias": torch.zeros(3)}}, tmp_path / "t.pth")

    with caplog.at_level(logging.INFO):
        encoder = MSCAN(CHANNELS, DEPTHS, RATIOS, weights=str(tmp_path / "t.pth")).eval()

    torch.testing.assert_close(encoder(image), expected, rtol=1e-4, atol=1e-4)
    assert "unused: head.bias" in caplog.text


def test_mmsegmentation_names_the_depthwise_convolution_of_the_mlp_one_level_higher(tmp_path):
    point = Checkpoint()
    mscan(point, torch.randn(1, 3, 32, 32))
    state = {
        f"backbone.{name.replace('dwconv.dwconv', 'dwconv')}": value
        for name, value in point.state.items()
    }
    torch.save({"meta": {"CLASSES": ("a",)}, "state_dict": state}, tmp_path / "t.pth")

    encoder = MSCAN(CHANNELS, DEPTHS, RATIOS, weights=str(tmp_path / "t.pth"))

    own = encoder.stages[2].blocks[0].mlp[1].weight
    torch.testing.assert_close(own.detach(), point.state["block3.0.mlp.dwconv.dwconv.weight"])


def test_stochastic_depth_grows_over_all_blocks():
    encoder = MSCAN((4, 4, 4, 4), (3, 5, 2, 3), drop_path=0.3)
    rates = [b.drop_path.drop_prob for stage in encoder.stages for b in stage.blocks]
    torch.testing.assert_close(torch.tensor(rates), torch.linspace(0, 0.3, 13))


def test_layers_start_as_released():
    encoder = MSCAN((64, 64, 64, 64), (1, 1, 1, 1))
    depthwise = encoder.stages[0].blocks[0].attention[2].local  # variance 2 / (5 x 5)
    embed = encoder.stages[1].embed.conv  # variance 2 / (3 x 3 x 64)
    assert abs(depthwise.weight.std().item() - (2 / 25) ** 0.5) < 0.02
    assert abs(embed.weight.std().item() - (2 / 576) ** 0.5) < 0.002
    assert not depthwise.bias.any()
    assert (encoder.stages[3].blocks[0].scale2 == 1e-2).all()
