import pytest
import torch
import torch.nn.functional as F
from authors import Checkpoint

from segadapt.models.encoders.afformer import AFFormer
from segadapt.models.encoders.parts.frequency_attention import FrequencyFilters

WIDTHS, DEPTHS = (8, 16, 24, 24), (2, 1, 1)


def average_cells(image, side):
    """Average of the overlapping windows that share an image among ``side`` x ``side`` cells."""
    channels, rows, columns = image.shape
    out = torch.zeros(channels, side, side)
    for i in range(side):
        for j in range(side):
            top, bottom = i * rows // side, -(-(i + 1) * rows // side)
            left, right = j * columns // side, -(-(j + 1) * columns // side)
            out[:, i, j] = image[:, top:bottom, left:right].mean((1, 2))
    return out


def bilinear(image, size, aligned):
    """Reads ``image`` between its cells, with or without its corners on the result's corners."""

    def places(before, after):
        if aligned:
            at = [i * (before - 1) / max(after - 1, 1) for i in range(after)]
        else:
            at = [min(max((i + 0.5) * before / after - 0.5, 0), before - 1) for i in range(after)]
        low = [min(int(a), before - 1) for a in at]
        return [(v, min(v + 1, before - 1), a - v) for a, v in zip(at, low, strict=True)]

    rows = [
        image[:, low] * (1 - part) + image[:, high] * part
        for low, high, part in places(image.shape[1], size[0])
    ]
    image = torch.stack(rows, 1)
    columns = [
        image[:, :, low] * (1 - part) + image[:, :, high] * part
        for low, high, part in places(image.shape[2], size[1])
    ]
    return torch.stack(columns, 2)


def each(function, batch, *args):
    return torch.stack([function(image, *args) for image in batch])


def filters(point: Checkpoint, query, value, name):
    """q * highpass(v) + lowpass(v) on maps; windows 3, 5, 7 for 2, 3, 3 of the 8 heads."""
    width, size = value.shape[1], value.shape[2:]
    head = width // 8
    groups = zip((3, 5, 7), value.split([2 * head, 3 * head, 3 * head], 1), strict=True)
    high = [
        point.conv(part, f"{name}.conv_list.{i}", part.shape[1], side, True, part.shape[1])
        for i, (side, part) in enumerate(groups)
    ]
    low = [
        each(bilinear, each(average_cells, part, side), size, False)
        for side, part in zip((1, 2, 3, 6), value.chunk(4, 1), strict=True)
    ]
    return query * torch.cat(high, 1) + torch.cat(low, 1).relu()


def linear_attention(query, key, value):
    """softmax over the tokens of k, times v, read by q, head by head; [tokens, channels]."""
    head = query.shape[1] // 8
    out = torch.zeros_like(value)
    for s in range(8):
        part = slice(s * head, (s + 1) * head)
        weights = key[:, part].exp() / key[:, part].exp().sum(0)
        summary = sum(torch.outer(w, v) for w, v in zip(weights, value[:, part], strict=True))
        out[:, part] = query[:, part] @ summary / head**0.5
    return out


def tokens(x):
    return x.flatten(2).transpose(1, 2)


def image(x, size):
    return x.transpose(1, 2).reshape(x.shape[0], x.shape[2], *size)


def block(point: Checkpoint, x, encoder, name):
    size, width = x.shape[2:], x.shape[1]
    x = tokens(x + point.conv(x, f"{encoder}.cpe.proj", width, 3, True, width))
    mixer = f"{name}.factoratt_crpe"
    qkv = point.linear(point.layer_norm(x, f"{name}.norm1", 1e-6), f"{mixer}.qkv", 3 * width)
    query, key, value = qkv.split(width, -1)
    attended = torch.stack([linear_attention(*p) for p in zip(query, key, value, strict=True)])
    filtered = filters(point, image(query, size), image(value, size), f"{encoder}.crpe")
    x = x + point.linear(attended + tokens(filtered), f"{mixer}.proj", width)
    y = point.linear(point.layer_norm(x, f"{name}.norm2", 1e-6), f"{name}.mlp.fc1", 2 * width)
    near = point.conv(image(y, size), f"{name}.mlp.dwconv.dwconv", 2 * width, 3, True, 2 * width)
    x = x + point.linear(F.gelu(y + tokens(near)), f"{name}.mlp.fc2", width)
    # The checkpoint repeats what the stage shares under every block.
    for shared, value in list(point.state.items()):
        rest = shared.removeprefix(f"{encoder}.")
        if rest.startswith(("cpe.", "crpe.")):
            point.state[f"{name}.{rest}"] = value
            if rest.startswith("crpe."):
                point.state[f"{mixer}.{rest}"] = value
    return image(x, size)


def layer(point: Checkpoint, x, name, out, kernel=1, **options):
    return point.batch_norm(point.conv(x, f"{name}.conv", out, kernel, **options), f"{name}.bn")


def embed(point: Checkpoint, x, name, stride):
    width = x.shape[1]
    x = point.conv(x, f"{name}.dwconv", width, 3, groups=width, stride=stride)
    x = point.conv(x, f"{name}.pwconv", width)
    return F.hardswish(point.batch_norm(x, f"{name}.bn"))


def restore(point: Checkpoint, x, name):
    half = x.shape[1] // 2
    y = F.hardswish(layer(point, x, f"{name}.conv1", half))
    y = point.conv(y, f"{name}.dwconv", half, 3, groups=half)
    y = F.hardswish(point.batch_norm(y, f"{name}.norm"))
    return x + layer(point, y, f"{name}.conv2", x.shape[1])


def afformer(point: Checkpoint, x):
    """AFFormer, with the names of its authors' checkpoints."""
    for i, width in enumerate((WIDTHS[0] // 2, WIDTHS[0])):
        x = F.hardswish(layer(point, x, f"stem.{i}", width, 3, stride=2))
    pyramid = []
    for i, (first, second) in enumerate([(1, 1), (2, 1), (1, 2), (1, 4)]):
        names = [f"patch_embed_stages.{i}.patch_embeds.{k}.patch_conv" for k in range(2)]
        stage = f"mhca_stages.{i}"
        a = embed(point, x, names[0], first)
        b = embed(point, a, names[1], second)
        if i == 0:
            x = restore(point, a + b, f"{stage}.Restore")
        else:
            encoder = f"{stage}.mhca_blks.0"
            for j in range(DEPTHS[i - 1]):
                b = block(point, b, encoder, f"{encoder}.MHCA_layers.{j}")
            x = restore(point, a, f"{stage}.Restore") + each(bilinear, b, a.shape[2:], True)
        x = F.hardswish(layer(point, x, f"{stage}.aggregate", WIDTHS[min(i + 1, 3)]))
        pyramid.append(x)
    return pyramid


@torch.no_grad()
@pytest.mark.parametrize("size", [(75, 124), (20, 33)])
def test_authors_checkpoint_gives_the_stated_network(tmp_path, size):
    point, picture = Checkpoint(), torch.randn(2, 3, *size)
    expected = afformer(point, picture)
    torch.save(point.state, tmp_path / "b.pth")

    encoder = AFFormer(WIDTHS, DEPTHS, weights=str(tmp_path / "b.pth")).eval()

    torch.testing.assert_close(encoder(picture), expected, rtol=1e-4, atol=1e-4)


def test_checkpoint_whose_blocks_do_not_share_is_refused(tmp_path):
    point = Checkpoint()
    afformer(point, torch.randn(1, 3, 32, 32))
    point.state["mhca_stages.1.mhca_blks.0.MHCA_layers.1.cpe.proj.bias"] = torch.ones(16)
    torch.save(point.state, tmp_path / "b.pth")
    with pytest.raises(ValueError, match=r"two different tensors for stages\.1\.transformer"):
        AFFormer(WIDTHS, DEPTHS, weights=str(tmp_path / "b.pth"))


def test_constant_values_pass_the_low_filters_unchanged():
    module = FrequencyFilters(24)
    query, value = torch.zeros(1, 30, 24), torch.rand(1, 1, 24).expand(1, 30, 24)
    torch.testing.assert_close(module(query, value, (5, 6)), value)


def test_stochastic_depth_counts_the_first_stage_as_a_block():
    encoder = AFFormer(WIDTHS, (2, 6, 2), drop_path=0.2)
    blocks = [b for stage in encoder.stages[1:] for b in stage.transformer.blocks]
    rates = torch.tensor([b.drop_path.drop_prob for b in blocks])
    torch.testing.assert_close(rates, torch.linspace(0, 0.2, 11)[1:])
