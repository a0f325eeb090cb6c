import math
import re

import pytest
import timm
import torch
import torch.nn.functional as F
from huggingface_hub.errors import LocalEntryNotFoundError
from safetensors.torch import save_file
from torch import nn

from segadapt.models.encoders.timm import TimmEncoder

SIZES = [(64, 96), (97, 131), (30, 33)]
TINY = "test_resnet"
SWIN = {"depths": (1, 1, 2, 1), "embed_dim": 24}

BACKBONES = {
    **{name: {} for name in timm.list_models("test_*")},
    "swin_tiny_patch4_window7_224": SWIN,
    "swinv2_tiny_window8_256": SWIN,
    "hrnet_w18_small": {},
    "mobilenetv2_035": {"output_stride": 8},
    "resnet10t": {"output_stride": 16},
    "twins_svt_small": {"depths": (1, 1, 1, 1), "embed_dims": (16, 32, 64, 128)},
}


def build(name, **options):
    return TimmEncoder(name, **{"pretrained": False, "levels": 3, **options})


@pytest.mark.parametrize("name", BACKBONES)
def test_any_backbone_takes_any_size(name):
    encoder = build(name, **BACKBONES[name]).eval()
    for size in SIZES:
        with torch.no_grad():
            pyramid = encoder(torch.randn(1, 3, *size))
        assert [level.shape[1] for level in pyramid] == list(encoder.channels)
        for level, stride in zip(pyramid, encoder.strides, strict=True):
            assert level.shape[2:] == tuple(math.ceil(side / stride) for side in size)


def test_images_are_padded_with_zeros_at_the_bottom_and_on_the_right():
    encoder = build("test_convnext").eval()
    image = torch.randn(2, 3, 50, 70)
    padded = torch.zeros(2, 3, 64, 96)
    padded[:, :, :50, :70] = encoder.colors(image)
    with torch.no_grad():
        for ours, whole in zip(encoder(image), encoder.body(padded), strict=True):
            assert ours.equal(whole[:, :, : ours.shape[2], : ours.shape[3]])


def test_convolutions_that_round_up_see_no_padding():
    encoder = build(TINY).eval()
    image = torch.randn(1, 3, 50, 70)
    with torch.no_grad():
        for ours, whole in zip(encoder(image), encoder.body(encoder.colors(image)), strict=True):
            assert ours.equal(whole)


def test_too_small_a_multiple_is_explained():
    encoder = build("test_convnext", multiple=1)
    with pytest.raises(ValueError, match=r"needs 7x9: this backbone rounds sizes down.*multiple"):
        encoder(torch.randn(1, 3, 50, 70))


def test_levels_may_be_counted_or_numbered():
    assert build(TINY, levels=2).strides == (16, 32)
    assert build(TINY, levels=[1, 3]).strides == (4, 16)


def test_output_norms_are_layer_norms_of_every_level():
    encoder = build("swin_tiny_patch4_window7_224", output_norm=nn.LayerNorm, **SWIN).eval()
    assert [norm.normalized_shape[0] for norm in encoder.norms] == [48, 96, 192]
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        for ours, raw in zip(encoder(image), encoder.body(image), strict=True):
            expected = F.layer_norm(raw, raw.shape[-1:]).permute(0, 3, 1, 2)
            torch.testing.assert_close(ours, expected)


def test_swin_always_cuts_into_its_own_windows():
    encoder = build("swin_tiny_patch4_window7_224", **SWIN)
    blocks = [m for m in encoder.modules() if hasattr(m, "window")]
    assert {block.window for block in blocks} == {(7, 7)}
    assert {block.shift for block in blocks} == {(0, 0), (3, 3)}


def test_a_backbone_bound_to_its_size_pads_smaller_images_and_refuses_larger():
    encoder = build("hiera_tiny_224", img_size=64, embed_dim=24, stages=(1, 1, 1, 1)).eval()
    with torch.no_grad():
        assert encoder(torch.randn(1, 3, 40, 64))[0].shape[2:] == (5, 8)
    with pytest.raises(ValueError, match=r"images of 64x64 pixels and cannot take 64x65.*slide"):
        encoder(torch.randn(1, 3, 64, 65))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("resnet5O", {}, r"timm has no model resnet5O; did you mean resnet50"),
        ("swin_tiny_patch4_window7_224", {"output_stride": 8}, r"output_stride=8 \(TypeError"),
        ("hrnet_w18_small", {"output_stride": 8}, r"output_stride=8 \(AssertionError"),
        (TINY, {"levels": 9}, r"levels may not exceed the stages"),
        (TINY, {"colour": 3}, r"colour=3.*TypeError.*colour"),
        ("tnt_s_patch16_224.nowhere", {}, r"Unknown weights 'nowhere' of timm's tnt_s_patch16_224"),
    ],
)
def test_what_cannot_be_built_is_explained(name, options, message):
    with pytest.raises(ValueError, match=message):
        build(name, **options)


def test_weights_that_cannot_be_fetched_are_explained(monkeypatch):
    def offline(*args, **kwargs):
        raise LocalEntryNotFoundError("check your connection")

    monkeypatch.setattr("timm.models._hub.hf_hub_download", offline)
    with pytest.raises(ValueError, match=r"test_resnet cannot be fetched.*data.pretrained=false"):
        build(TINY, pretrained=True)


@pytest.fixture
def published():
    network = timm.create_model(TINY)
    for value in network.state_dict().values():
        if value.is_floating_point():
            value.normal_()
    return network.state_dict()


@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_a_file_of_the_whole_network_is_loaded(tmp_path, published, suffix):
    file = tmp_path / f"weights.{suffix}"
    save_file(published, file) if suffix == "safetensors" else torch.save(published, file)
    body = build(TINY, pretrained=True, weights=str(file)).body  # asks for no download
    assert all(value.equal(published[name]) for name, value in body.state_dict().items())


def test_a_file_of_a_compiled_network_is_loaded(tmp_path, published):
    for prefix in ("model._orig_mod.", "module._orig_mod.", "_orig_mod.module._orig_mod."):
        torch.save({prefix + n: value for n, value in published.items()}, tmp_path / "a.pth")
        body = build(TINY, weights=str(tmp_path / "a.pth")).body
        assert all(value.equal(published[name]) for name, value in body.state_dict().items())


def test_a_file_of_swins_authors_is_loaded(tmp_path):
    name = "swin_tiny_patch4_window7_224"
    source = timm.create_model(name, **SWIN).state_dict()
    theirs = {
        re.sub(r"layers.(\d).down", lambda m: f"layers.{int(m[1]) - 1}.down", key): value
        for key, value in source.items()
    }
    theirs = {key.replace("head.fc.", "head."): value for key, value in theirs.items()}
    torch.save({"model": theirs}, tmp_path / "swin.pth")
    body = build(name, levels=4, weights=str(tmp_path / "swin.pth"), **SWIN).body
    for key, value in body.state_dict().items():
        assert value.equal(source[key.replace("layers_", "layers.")])


def test_a_file_that_lacks_a_tensor_is_refused(tmp_path, published):
    del published["layer3.0.conv1.weight"]
    torch.save(published, tmp_path / "part.pth")
    with pytest.raises(ValueError, match=r"1 of \d+ tensors are missing, such as layer3.0.conv1"):
        build(TINY, weights=str(tmp_path / "part.pth"))


def test_a_file_of_another_variant_is_refused(tmp_path, published):
    published["layer3.0.conv1.weight"] = torch.zeros(1, 2, 3, 3)
    torch.save(published, tmp_path / "other.pth")
    with pytest.raises(ValueError, match=r"layer3.0.conv1.weight is \(1, 2, 3, 3\) there and"):
        build(TINY, weights=str(tmp_path / "other.pth"))


@pytest.mark.parametrize("content", ["<html>not found</html>", "hello", "", "PK"])
def test_a_file_that_is_no_checkpoint_is_refused(content, tmp_path):
    (tmp_path / "page.pth").write_text(content)
    with pytest.raises(ValueError, match=r"page.pth cannot be read as weights"):
        build(TINY, weights=str(tmp_path / "page.pth"))
    with pytest.raises(ValueError, match=r"file not found: .*nowhere.pth"):
        build(TINY, weights=str(tmp_path / "nowhere.pth"))


def test_code_in_a_file_is_not_run(tmp_path):
    torch.save({"weight": print}, tmp_path / "code.pth")
    with pytest.raises(ValueError, match=r"code.pth cannot be read as weights"):
        build(TINY, weights=str(tmp_path / "code.pth"))
