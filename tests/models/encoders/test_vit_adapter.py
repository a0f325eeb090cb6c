import pytest
import timm
import torch
import torch.nn.functional as F
from authors import Checkpoint

from segadapt.functional.normalization import MEAN, STD
from segadapt.models.encoders.parts.vit_trunk import scale_layers, trunk
from segadapt.models.encoders.vit_adapter import RENAMES, ViTAdapter
from segadapt.models.pretrained.authors_file import renamed
from segadapt.models.pretrained.weight_files import fill

NAME, WIDTH, GRID = "test_vit2", 64, 10  # 8 blocks, 2 heads; built for 160 x 160 pixels
HEADS, POINTS, STEM = 4, 4, 4


def tiny(**options) -> ViTAdapter:
    chosen = {"colors": (MEAN, STD), **options}
    return ViTAdapter(NAME, False, heads=HEADS, stem=STEM, **chosen)


def tokens(level):
    return level.flatten(2).transpose(1, 2)


def image(cells, size):
    return cells.transpose(1, 2).reshape(len(cells), -1, *size)


def levels(cells, sizes):
    """The maps of several levels that follow one another."""
    maps = []
    for rows, columns in sizes:
        maps.append(image(cells[:, : rows * columns], (rows, columns)))
        cells = cells[:, rows * columns :]
    return maps


def centres(sizes):
    """Column and row of every cell, in the image's unit square."""
    return [
        [(column + 0.5) / columns, (row + 0.5) / rows]
        for rows, columns in sizes
        for row in range(rows)
        for column in range(columns)
    ]


def around(level, place):
    """Bilinear reading of [channels, rows, columns] at many places [n, 2], zeros outside."""
    padded = F.pad(level, (1, 1, 1, 1))
    rows, columns = level.shape[1:]
    x = (place[:, 0] * columns + 0.5).clamp(0, columns + 1)
    y = (place[:, 1] * rows + 0.5).clamp(0, rows + 1)
    left, top = x.long().clamp(max=columns), y.long().clamp(max=rows)
    total = 0
    for column, across in ((left, left + 1 - x), (left + 1, x - left)):
        for row, down in ((top, top + 1 - y), (top + 1, y - top)):
            total = total + across * down * padded[:, row, column]
    return total.T


def deformable(point: Checkpoint, name, queries, query_sizes, cells, cell_sizes):
    """Deformable attention, image by image, head by head and place by place."""
    shape = (HEADS, len(cell_sizes), POINTS)
    offsets = point.linear(queries, f"{name}.sampling_offsets", 2 * HEADS * len(cell_sizes) * 4)
    offsets = offsets.unflatten(-1, (*shape, 2))
    scores = point.linear(queries, f"{name}.attention_weights", HEADS * len(cell_sizes) * POINTS)
    scores = scores.unflatten(-1, (HEADS, -1)).softmax(-1).unflatten(-1, shape[1:])
    maps = levels(point.linear(cells, f"{name}.value_proj", WIDTH // 2), cell_sizes)
    start = torch.tensor(centres(query_sizes))
    out = []
    for b in range(len(queries)):
        heads = []
        for s in range(HEADS):
            total = 0
            for i, (rows, columns) in enumerate(cell_sizes):
                level = maps[i][b].chunk(HEADS)[s]
                for p in range(POINTS):
                    place = start + offsets[b, :, s, i, p] / torch.tensor([columns, rows])
                    total = total + scores[b, :, s, i, p, None] * around(level, place)
            heads.append(total)
        out.append(torch.cat(heads, -1))
    return point.linear(torch.stack(out), f"{name}.output_proj", WIDTH)


def norm(point, x, name):
    return point.layer_norm(x, name, 1e-6)


def inject(point: Checkpoint, name, x, grid, cells, sizes):
    read = norm(point, cells, f"{name}.feat_norm")
    asked = norm(point, x, f"{name}.query_norm")
    read = deformable(point, f"{name}.attn", asked, [grid], read, sizes)
    return x + point.draw(f"{name}.gamma", WIDTH) * read


def extract(point: Checkpoint, name, x, grid, cells, sizes):
    read = norm(point, x, f"{name}.feat_norm")
    asked = norm(point, cells, f"{name}.query_norm")
    cells = cells + deformable(point, f"{name}.attn", asked, sizes, read, [grid])
    hidden = WIDTH // 4
    y = point.linear(norm(point, cells, f"{name}.ffn_norm"), f"{name}.ffn.fc1", hidden)
    depthwise = f"{name}.ffn.dwconv.dwconv"
    near = [point.conv(part, depthwise, hidden, 3, True, hidden) for part in levels(y, sizes)]
    y = torch.cat([tokens(part) for part in near], 1)
    return cells + point.linear(F.gelu(y), f"{name}.ffn.fc2", WIDTH)


def block(point: Checkpoint, x, name):
    y = point.linear(norm(point, x, f"{name}.norm1"), f"{name}.attn.qkv", 3 * WIDTH)
    query, key, value = y.unflatten(-1, (3, 2, -1)).permute(2, 0, 3, 1, 4)
    weights = (query @ key.transpose(2, 3) / (WIDTH // 2) ** 0.5).softmax(-1)
    y = point.linear((weights @ value).transpose(1, 2).flatten(2), f"{name}.attn.proj", WIDTH)
    x = x + point.draw(f"{name}.gamma1", WIDTH) * y
    y = F.gelu(point.linear(norm(point, x, f"{name}.norm2"), f"{name}.mlp.fc1", 3 * WIDTH))
    return x + point.draw(f"{name}.gamma2", WIDTH) * point.linear(y, f"{name}.mlp.fc2", WIDTH)


def convolved(point: Checkpoint, x, name, first, out, stride):
    x = point.conv(x, f"spm.{name}.{first}", out, 3, stride=stride)
    return point.batch_norm(x, f"spm.{name}.{first + 1}").relu()


def prior(point: Checkpoint, x):
    for first, stride in ((0, 2), (3, 1), (6, 1)):
        x = convolved(point, x, "stem", first, STEM, stride)
    maps = [F.max_pool2d(x, 3, 2, 1)]
    for i, factor in ((2, 2), (3, 4), (4, 4)):
        maps.append(convolved(point, maps[-1], f"conv{i}", 0, factor * STEM, 2))
    return [point.conv(x, f"spm.fc{i + 1}", WIDTH, 1, True) for i, x in enumerate(maps)]


def vit_adapter(point: Checkpoint, x):
    """ViT-Adapter, with the names of its authors' checkpoints; sides are multiples of 32."""
    grid = (x.shape[2] // 16, x.shape[3] // 16)
    finest, *maps = prior(point, x)
    sizes = [level.shape[2:] for level in maps]
    marks = point.draw("level_embed", 3, WIDTH)
    cells = torch.cat([tokens(m) + mark for m, mark in zip(maps, marks, strict=True)], 1)
    weight = point.draw("patch_embed.proj.weight", WIDTH, 3, 16, 16)
    x = F.conv2d(x, weight, point.draw("patch_embed.proj.bias", WIDTH), stride=16)
    table = image(point.draw("pos_embed", 1, 1 + GRID**2, WIDTH)[:, 1:], (GRID, GRID))
    x = tokens(x + F.interpolate(table, grid, mode="bicubic", align_corners=False))
    seen = []
    for i in range(4):
        x = inject(point, f"interactions.{i}.injector", x, grid, cells, sizes)
        for j in (2 * i, 2 * i + 1):
            x = block(point, x, f"blocks.{j}")
        cells = extract(point, f"interactions.{i}.extractor", x, grid, cells, sizes)
        seen.append(image(x, grid))
    for j in range(2):
        cells = extract(point, f"interactions.3.extra_extractors.{j}", x, grid, cells, sizes)
    c2, c3, c4 = levels(cells, sizes)
    weight, bias = point.draw("up.weight", WIDTH, WIDTH, 2, 2), point.draw("up.bias", WIDTH)
    maps = [finest + F.conv_transpose2d(c2, weight, bias, stride=2), c2, c3, c4]
    pyramid = []
    for i, (level, then) in enumerate(zip(maps, seen, strict=True)):
        then = F.interpolate(then, level.shape[2:], mode="bilinear", align_corners=False)
        pyramid.append(point.batch_norm(level + then, f"norm{i + 1}"))
    return pyramid


@pytest.fixture
def double_precision():
    """Places depend on what was read before, so that single precision differs visibly."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@torch.no_grad()
@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("size", [(96, 128), (160, 160)])
def test_authors_checkpoint_gives_the_stated_network(size):
    point, picture = Checkpoint(), torch.randn(2, 3, *size)
    expected = vit_adapter(point, picture)
    encoder = tiny().eval()
    state = renamed(point.state, RENAMES, encoder.state_dict())
    assert fill(encoder, state, "statement") == []
    torch.testing.assert_close(encoder(picture), expected)


@torch.no_grad()
@pytest.mark.parametrize("size", [(97, 131), (30, 17), (1, 1)])
def test_single_images_of_any_size_give_every_level_its_size(size):
    encoder = tiny().eval()
    pyramid = encoder(torch.randn(1, 3, *size))
    expected = [(1, 64, -(-size[0] // stride), -(-size[1] // stride)) for stride in (4, 8, 16, 32)]
    assert [tuple(level.shape) for level in pyramid] == expected
    assert all(level.isfinite().all() for level in pyramid)


def gradients(encoder):
    torch.manual_seed(1)
    pyramid = encoder.train()(torch.randn(2, 3, 64, 45))
    loss = sum(level.square().mean() for level in pyramid)
    return torch.autograd.grad(loss, encoder.parameters())


def test_training_gives_every_weight_a_gradient():
    assert all(gradient.isfinite().all() for gradient in gradients(tiny(drop_path=0.2)))


def test_recomputing_changes_nothing():
    encoder = tiny(drop_path=0.2)
    expected = gradients(encoder)
    encoder.checkpointing = True
    torch.testing.assert_close(gradients(encoder), expected)


def test_half_precision_trains():
    encoder = tiny()
    with torch.autocast("cpu", torch.bfloat16):
        pyramid = encoder(torch.randn(2, 3, 64, 64))
    sum(level.float().square().mean() for level in pyramid).backward()
    assert all(parameter.grad.isfinite().all() for parameter in encoder.parameters())


@torch.no_grad()
def test_channels_last_changes_nothing():
    picture, encoder = torch.randn(2, 3, 75, 60), tiny().eval()
    expected = encoder(picture)
    encoder.to(memory_format=torch.channels_last)
    pyramid = encoder(picture.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(pyramid, expected, rtol=1e-3, atol=1e-4)


def test_the_transformer_keeps_timms_names_and_nothing_unused():
    names = {name.removeprefix("body.") for name, _ in tiny().named_parameters()}
    assert {"pos_embed", "patch_embed.proj.weight", "blocks.7.attn.qkv.bias"} <= names
    assert not {"cls_token", "reg_token", "norm.weight", "fc_norm.weight"} & names


def test_the_adapter_starts_without_a_word_in_the_transformer():
    encoder = tiny().eval()
    for interaction in encoder.interactions:
        assert interaction.injector.gamma.count_nonzero() == 0
    # This transformer has scales of its own already; they stay.
    assert all((block.ls1.gamma == 1e-5).all() for block in encoder.body.blocks)


def test_a_transformer_without_scales_gets_neutral_ones():
    body = trunk("test_vit", pretrained=False, weights=None, drop_path=0.0).eval()
    tokens = torch.randn(1, 9, 64)
    expected = body.blocks(tokens)
    scale_layers(body, 1.0)
    assert sum("gamma" in name for name, _ in body.named_parameters()) == 2 * 6
    torch.testing.assert_close(body.blocks(tokens), expected)


def test_a_file_of_the_whole_transformer_starts_the_trunk(tmp_path):
    whole = timm.create_model(NAME, num_classes=7)
    torch.save(whole.state_dict(), tmp_path / "vit.pth")
    encoder = tiny(weights=str(tmp_path / "vit.pth"))
    for name, value in encoder.body.state_dict().items():
        assert torch.equal(value, whole.state_dict()[name])


def test_depth_of_the_layers_is_the_releases():
    encoder = tiny()
    ids = encoder.layer_ids()
    assert ids.keys() == dict(encoder.named_parameters()).keys()
    assert ids["body.pos_embed"] == ids["body.patch_embed.proj.bias"] == 0
    assert [ids[f"body.blocks.{i}.norm1.weight"] for i in range(8)] == list(range(1, 9))
    assert ids["interactions.0.injector.gamma"] == ids["level_embed"] == ids["up.bias"] == 9


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("test_vit", "6 blocks, which do not make 4 equal stages"),
        ("vit_small_patch14_dinov2", "patches of 14x14 pixels"),
        ("resnet18", "not a plain ViT with a position table"),
        ("vit_nothing", "timm has no model vit_nothing"),
    ],
)
def test_unfit_transformers_are_refused(name, message):
    with torch.device("meta"), pytest.raises(ValueError, match=message):
        ViTAdapter(name, pretrained=False)


@torch.no_grad()
def test_images_are_brought_to_the_colours_of_the_weights():
    encoder, other = tiny(colors=None).eval(), tiny().eval()
    image = torch.rand(1, 3, 32, 32)  # fractions of white
    mean, std = (torch.tensor(part).view(3, 1, 1) for part in (MEAN, STD))
    other.load_state_dict(encoder.state_dict(), strict=False)
    # test_vit2's weights were trained on images shifted by 0.5 and divided by 0.5.
    expected = other((image - 0.5) / 0.5)
    torch.testing.assert_close(encoder((image - mean) / std), expected, atol=1e-5, rtol=1e-4)
