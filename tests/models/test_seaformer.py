import pytest
import torch
import torch.nn.functional as F
from authors import Checkpoint

from segadapt.models.encoders.parts.squeeze_axial import SqueezeAxialAttention
from segadapt.models.encoders.seaformer import SeaFormer

STEM, HEADS = 4, 2
GROUPS = [
    [(3, 1, 4, 1), (3, 2, 6, 2), (3, 2, 6, 1)],
    [(5, 2, 8, 2)],
    [(3, 2, 10, 2), (3, 3, 12, 2)],
]
DEPTHS, KEYS, RATIOS = (2, 1), (3, 2), (2, 3)


def tiny(**options) -> SeaFormer:
    return SeaFormer(STEM, GROUPS, DEPTHS, KEYS, RATIOS, heads=HEADS, **options)


def layer(point: Checkpoint, x, name, out, kernel=1, **options):
    return point.batch_norm(point.conv(x, f"{name}.c", out, kernel, **options), f"{name}.bn")


def relu6(x):
    return x.clamp(0, 6)


def stretched(table, length):
    """A table of 16 entries read at ``length`` places by straight lines between its entries."""
    size, out = table.shape[-1], []
    for place in range(length):
        at = min(max((place + 0.5) * size / length - 0.5, 0), size - 1)
        low = int(at)
        high = min(low + 1, size - 1)
        out.append(table[0, :, low] + (at - low) * (table[0, :, high] - table[0, :, low]))
    return torch.stack(out, -1)


def attend(query, key, value, heads):
    """Every position gathers the values of all positions of its axis; [channels, positions]."""
    width, length = query.shape
    step, value_step = width // heads, value.shape[0] // heads
    out = torch.zeros_like(value)
    for head in range(heads):
        q = query[head * step : (head + 1) * step]
        k = key[head * step : (head + 1) * step]
        v = value[head * value_step : (head + 1) * value_step]
        for i in range(length):
            scores = torch.stack([q[:, i] @ k[:, j] for j in range(length)]) / step**0.5
            weights = scores.exp() / scores.exp().sum()
            gathered = sum(weights[j] * v[:, j] for j in range(length))
            out[head * value_step : (head + 1) * value_step, i] = gathered
    return out


def along(point, query, key, value, axis, name, heads):
    """Attention along rows (axis 2) or columns (axis 3) of the means over the other axis."""
    other = 5 - axis
    query, key, value = (part.mean(other) for part in (query, key, value))
    width, length = query.shape[1:]
    tables = (
        point.draw(f"{name}.pos_emb_{axis_name(axis)}{x}.pos_embed", 1, width, 16) for x in "qk"
    )
    query, key = (x + stretched(t, length) for x, t in zip((query, key), tables, strict=True))
    out = [attend(*parts, heads) for parts in zip(query, key, value, strict=True)]
    out = relu6(torch.stack(out)).unsqueeze(other)
    return layer(point, out, f"{name}.proj_encode_{axis_name(axis)}.1", value.shape[1])


def axis_name(axis):
    return {2: "row", 3: "column"}[axis]


def sea_attention(point: Checkpoint, x, name, key_width, heads):
    width, value_width = heads * key_width, 2 * heads * key_width
    query = layer(point, x, f"{name}.to_q", width)
    key = layer(point, x, f"{name}.to_k", width)
    value = layer(point, x, f"{name}.to_v", value_width)
    detail = torch.cat([query, key, value], 1)
    detail = relu6(layer(point, detail, f"{name}.dwconv", 4 * width, 3, groups=4 * width))
    detail = layer(point, detail, f"{name}.pwconv", x.shape[1])
    row = along(point, query, key, value, 2, name, heads)
    column = along(point, query, key, value, 3, name, heads)
    gate = layer(point, relu6(value + row + column), f"{name}.proj.1", x.shape[1])
    return relu6(gate + 3) / 6 * detail


def transformer_block(point: Checkpoint, x, name, key_width, ratio):
    x = x + sea_attention(point, x, f"{name}.attn", key_width, HEADS)
    width = ratio * x.shape[1]
    y = layer(point, x, f"{name}.mlp.fc1", width)
    y = relu6(point.conv(y, f"{name}.mlp.dwconv", width, 3, bias=True, groups=width))
    return x + layer(point, y, f"{name}.mlp.fc2", x.shape[1])


def inverted_residual(point: Checkpoint, x, name, kernel, expansion, out, stride):
    y, width, index = x, expansion * x.shape[1], 0
    if expansion > 1:
        y, index = layer(point, y, f"{name}.conv.0", width).relu(), 2
    options = {"groups": width, "stride": stride}
    y = layer(point, y, f"{name}.conv.{index}", width, kernel, **options).relu()
    y = layer(point, y, f"{name}.conv.{index + 2}", out)
    return x + y if stride == 1 and out == x.shape[1] else y


def seaformer(point: Checkpoint, x):
    """SeaFormer, with the names of its authors' checkpoints."""
    x, pyramid = layer(point, x, "smb1.stem_block.0", STEM, 3, stride=2).relu(), []
    for i, group in enumerate(GROUPS):
        for j, settings in enumerate(group):
            x = inverted_residual(point, x, f"smb{i + 1}.layer{j + 1}", *settings)
        if i == 1:
            pyramid.append(x)
        t = i - (len(GROUPS) - len(DEPTHS))
        if t < 0:
            continue
        for j in range(DEPTHS[t]):
            name = f"trans{t + 1}.transformer_blocks.{j}"
            x = transformer_block(point, x, name, KEYS[t], RATIOS[t])
        pyramid.append(x)
    return pyramid


@torch.no_grad()
@pytest.mark.parametrize("wrapped", [False, True])
def test_authors_checkpoint_gives_the_stated_network(tmp_path, wrapped):
    point, image = Checkpoint(), torch.randn(2, 3, 60, 83)
    expected = seaformer(point, image)
    state = point.state | {"linear.weight": torch.zeros(3, 12)}
    torch.save({"model": state} if wrapped else state, tmp_path / "b.pth.tar")

    encoder = tiny(weights=str(tmp_path / "b.pth.tar")).eval()

    torch.testing.assert_close(encoder(image), expected, rtol=1e-4, atol=1e-4)


def test_levels_are_the_second_group_and_every_group_with_attention():
    encoder = tiny()
    assert encoder.channels == (8, 8, 12)
    assert encoder.strides == (8, 8, 32)


def test_every_gate_starts_at_one_half():
    module = SqueezeAxialAttention(8, 2, 3).eval()
    features = torch.randn(2, 8, 5, 7)
    parts = torch.cat([module.query(features), module.key(features), module.value(features)], 1)
    torch.testing.assert_close(module(features), module.detail(parts) / 2)


def test_gradient_reaches_every_weight_once_the_gates_are_open():
    module = SqueezeAxialAttention(8, 2, 3)
    for norm in module.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            torch.nn.init.ones_(norm.weight)
    F.mse_loss(module(torch.randn(2, 8, 6, 5)), torch.randn(2, 8, 6, 5)).backward()
    assert all(parameter.grad.isfinite().all() for parameter in module.parameters())
    assert module.rows.pos_emb_query.grad.abs().sum() > 0


def test_stochastic_depth_grows_after_each_group():
    encoder = SeaFormer(STEM, GROUPS, (3, 2), KEYS, RATIOS, heads=HEADS, drop_path=0.1)
    rates = [[block.drop_path.drop_prob for block in blocks] for blocks in encoder.transformers]
    assert rates == [pytest.approx([0, 0.05, 0.1]), pytest.approx([0, 0.1])]
