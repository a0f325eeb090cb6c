"""Normalisation and licence follow the tag of the weights."""

import pytest
import timm
import torch
from safetensors.torch import save_file
from timm.models import PretrainedCfg
from torch import nn

from segadapt.models.encoders.plain_vit import PlainTransformer
from segadapt.models.encoders.timm import TimmEncoder
from segadapt.models.pretrained.renormalization import Renormalize, renormalization
from segadapt.models.pretrained.tags import show, smp_tag, timm_tag

MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


def normalised(rgb, mean, std):
    return (rgb - torch.as_tensor(mean)[:, None, None]) / torch.as_tensor(std)[:, None, None]


def test_images_are_translated_to_other_statistics():
    rgb = torch.rand(2, 3, 4, 5)
    found = Renormalize((0.5, 0.4, 0.3), (0.5, 0.25, 0.2))(normalised(rgb, MEAN, STD))
    torch.testing.assert_close(found, normalised(rgb, (0.5, 0.4, 0.3), (0.5, 0.25, 0.2)))


def test_the_statistics_of_the_data_leave_images_alone():
    assert type(renormalization((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))) is nn.Identity


@pytest.fixture
def tag_of(monkeypatch):
    """Lets timm know other things about its published weights."""

    def fake(**facts):
        monkeypatch.setattr(timm, "get_pretrained_cfg", lambda *_, **__: PretrainedCfg(**facts))

    return fake


def test_a_loaded_file_sees_colours_as_its_tag_says(tmp_path, tag_of):
    source = timm.create_model("test_resnet", features_only=True, out_indices=3).eval()
    save_file(timm.create_model("test_resnet").state_dict(), tmp_path / "w.safetensors")
    tag_of(mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6))
    encoder = TimmEncoder("test_resnet", weights=str(tmp_path / "w.safetensors"), levels=3).eval()
    source.load_state_dict(encoder.body.state_dict())
    rgb = torch.rand(1, 3, 32, 64)
    with torch.no_grad():
        expected = source(normalised(rgb, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6)))
        found = encoder(normalised(rgb, MEAN, STD))
    torch.testing.assert_close(found, expected[-3:], atol=1e-4, rtol=1e-4)


def test_padding_is_the_mean_colour_of_the_weights(tag_of):
    half = (0.5, 0.5, 0.5)
    tag_of(mean=half, std=half)
    encoder = PlainTransformer("test_vit", pretrained=False, levels=1).eval()
    image = torch.randn(1, 3, 20, 30)
    padded = torch.zeros(1, 3, 32, 32)
    rgb = image * STD[:, None, None] + MEAN[:, None, None]
    padded[:, :, :20, :30] = normalised(rgb, half, half)
    with torch.no_grad():
        (found,) = encoder(image)
        (tokens,) = encoder.body.forward_intermediates(
            padded, [len(encoder.body.blocks) - 1], norm=True, intermediates_only=True
        )
    torch.testing.assert_close(found, tokens, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "licence", "mean"),
    [
        ("swin_tiny_patch4_window7_224.ms_in1k", "mit", 0.485),
        ("vit_large_patch16_384.augreg_in21k_ft_in1k", "apache-2.0", 0.5),
        ("convnextv2_tiny.fcmae_ft_in22k_in1k", "cc-by-nc-4.0", 0.485),
        ("vit_small_patch16_dinov3.lvd1689m", "dinov3-license", 0.485),
    ],
)
def test_tags_have_licence_and_statistics(name, licence, mean):
    tag = timm_tag(name)
    assert (tag.licence, tag.mean[0]) == (licence, mean)
    assert tag.source == f"timm/{name}"


def test_licence_and_normalisation_are_shown(caplog):
    show("mit_b5", smp_tag("mit_b5"))
    assert "smp-hub/mit_b5.imagenet; licence: NVIDIA" in caplog.text
    assert "normalisation: mean 0.485 0.456 0.406, std 0.229 0.224 0.225" in caplog.text


def test_what_is_fetched_is_shown(monkeypatch, caplog):
    monkeypatch.setattr("timm.models._builder.load_pretrained", lambda *args, **kwargs: None)
    TimmEncoder("test_resnet", pretrained=True, levels=3)
    assert "weights of test_resnet from timm/test_resnet.r160_in1k; licence: apache" in caplog.text


def test_weights_that_nobody_published_are_explained():
    with pytest.raises(ValueError, match=r"no weights are published for test_mambaout; .*FILE"):
        TimmEncoder("test_mambaout", pretrained=True)


def test_unknown_tags_are_explained():
    with pytest.raises(
        ValueError, match=r"Unknown weights 'nowhere' of timm's hrnet_w18\. Available: ms_aug_in1k"
    ):
        TimmEncoder("hrnet_w18.nowhere", pretrained=False)
