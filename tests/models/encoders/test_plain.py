import pytest
import timm
import torch
from safetensors.torch import save_file

from segadapt.models.encoders.neck import TokenPyramid
from segadapt.models.encoders.plain_vit import PlainTransformer

SIZES = [(64, 96), (97, 131), (30, 33)]
DINOV3 = "vit_small_patch16_dinov3"
SMALL = {"depth": 4, "embed_dim": 48, "num_heads": 3}
NAMES = {
    "test_vit": {},
    DINOV3: SMALL,
    "vit_small_patch14_dinov2": SMALL,
    "vit_small_patch14_reg4_dinov2": SMALL,
    "eva02_tiny_patch14_224": SMALL,
    "vit_base_patch16_siglip_224": SMALL,
}


def build(name=DINOV3, **options):
    return PlainTransformer(name, **{"pretrained": False, **NAMES[name], **options})


@pytest.mark.parametrize("name", NAMES)
def test_any_transformer_takes_any_size(name):
    encoder = build(name, levels=2).eval()
    assert encoder.strides in ((16, 16), (14, 14))
    for size in SIZES:
        with torch.no_grad():
            pyramid = encoder(torch.randn(1, 3, *size))
        for level, channels, stride in zip(pyramid, encoder.channels, encoder.strides, strict=True):
            assert level.shape == (1, channels, *(-(-side // stride) for side in size))


@pytest.mark.parametrize("name", NAMES)
def test_the_last_map_is_what_the_classification_head_reads(name):
    """timm's tokens before pooling, without those that are no pixels."""
    encoder = build(name, levels=1).eval()
    whole = timm.create_model(name, **NAMES[name], dynamic_img_size=True).eval()
    ours = dict(encoder.body.state_dict())
    if "fc_norm.weight" in whole.state_dict():
        for part in ("weight", "bias"):
            ours[f"fc_norm.{part}"] = ours.pop(f"norm.{part}")
    assert whole.load_state_dict(ours, strict=False).unexpected_keys == []
    image = torch.randn(2, 3, 64, 96) if encoder.strides == (16,) else torch.randn(2, 3, 56, 84)
    with torch.no_grad():
        tokens = whole.fc_norm(whole.forward_features(encoder.colors(image)))[
            :, whole.num_prefix_tokens :
        ]
        (found,) = encoder(image)
    torch.testing.assert_close(found.flatten(2).mT, tokens)


def test_each_block_counts_as_if_it_were_the_last():
    encoder = build(levels=2).eval()
    assert encoder.blocks == (1, 3)
    image = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        first, _ = encoder(image)
        encoder.body.blocks = encoder.body.blocks[:2]
        tokens = encoder.body.forward_features(encoder.colors(image))[
            :, encoder.body.num_prefix_tokens :
        ]
    torch.testing.assert_close(first.flatten(2).mT, tokens)


def test_blocks_that_nobody_reads_are_removed():
    encoder = build(levels=[0, 2])
    assert len(encoder.body.blocks) == 3
    sum(level.sum() for level in encoder(torch.randn(1, 3, 32, 32))).backward()
    assert [n for n, p in encoder.named_parameters() if p.grad is None] == []


@pytest.mark.parametrize("size", SIZES)
def test_a_neck_gives_the_strides_of_a_pyramid(size):
    encoder = build(neck=TokenPyramid)
    assert encoder.strides == (4, 8, 16, 32)
    for level, stride in zip(encoder(torch.randn(2, 3, *size)), encoder.strides, strict=True):
        assert level.shape == (2, 48, *(-(-side // stride) for side in size))


def test_the_neck_keeps_the_third_map_and_takes_maxima_of_the_fourth():
    maps = [torch.randn(2, 8, 4, 6) for _ in range(4)]
    neck = TokenPyramid(8).eval()
    found = neck(maps)
    assert found[2].equal(maps[2])
    assert found[3].equal(maps[3].unflatten(3, (3, 2)).unflatten(2, (2, 2)).amax((3, 5)))
    doubled = neck.levels[1]
    # Without overlap, every token alone decides its four pixels.
    pixel = torch.einsum("c,cd->d", maps[1][0, :, 2, 3], doubled.weight[:, :, 1, 0]) + doubled.bias
    torch.testing.assert_close(found[1][0, :, 5, 6], pixel)


def test_frozen_leaves_only_the_neck_to_train(tmp_path):
    save_file(timm.create_model(DINOV3, **SMALL).state_dict(), tmp_path / "weights.safetensors")
    encoder = build(neck=TokenPyramid, frozen=True, weights=str(tmp_path / "weights.safetensors"))
    trained = [name for name, value in encoder.named_parameters() if value.requires_grad]
    assert trained
    assert all(name.startswith("neck.") for name in trained)


@pytest.mark.parametrize("name", ["test_vit", DINOV3, "eva02_tiny_patch14_224"])
@pytest.mark.parametrize("head", [True, False])
def test_a_file_of_the_whole_transformer_is_loaded(tmp_path, name, head):
    source = timm.create_model(name, **NAMES[name]).state_dict()
    if not head:
        source = {key: value for key, value in source.items() if not key.startswith("head.")}
    save_file(source, tmp_path / "weights.safetensors")
    body = build(name, levels=1, weights=str(tmp_path / "weights.safetensors")).body
    for key, value in body.state_dict().items():
        assert value.equal(source[key if key in source else f"fc_{key}"])


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("vit_smal_patch16_dinov3", {}, r"timm has no model vit_smal_.*; did you mean vit_small"),
        ("resnet18", {}, r"resnet18 is not a plain vision transformer.*TimmEncoder"),
        ("test_vit", {"levels": 9}, r"levels=9 does not fit test_vit, whose \d blocks"),
        ("test_vit", {"levels": [1, 0]}, r"levels=\[1, 0\] does not fit"),
        ("test_vit", {"levels": 2, "neck": TokenPyramid}, r"needs 4 levels.*levels are 2"),
        ("vit_small_patch14_dinov2", {"neck": TokenPyramid}, r"multiple of 4, but .* has 14"),
        ("test_vit", {"frozen": True}, r"frozen with random weights; set data.pretrained=true"),
        ("test_vit", {"colour": 3}, r"timm cannot build test_vit with .*colour=3.*TypeError"),
    ],
)
def test_what_cannot_be_built_is_explained(name, options, message):
    with pytest.raises(ValueError, match=message):
        PlainTransformer(name, **{"pretrained": False, **options})
