import pytest
import segmentation_models_pytorch as smp
import torch

from segadapt.models.dpt import DPTGenerator
from segadapt.models.smp import Patches, SmpGenerator

ARCHITECTURES = sorted(set(smp.MODEL_ARCHITECTURES_MAPPING) - {"dpt"})
WIDTHS = {
    "deeplabv3": 256, "deeplabv3plus": 256, "fpn": 128, "linknet": 32, "manet": 16, "pan": 32,
    "pspnet": 512, "segformer": 256, "unet": 16, "unetplusplus": 16, "upernet": 256,
}  # fmt: skip
STRIDES = {
    "deeplabv3": 8, "deeplabv3plus": 4, "fpn": 4, "linknet": 1, "manet": 1, "pan": 4,
    "pspnet": 8, "segformer": 4, "unet": 1, "unetplusplus": 1, "upernet": 4,
}  # fmt: skip


def build(arch, **options):
    return SmpGenerator(arch, "tu-test_resnet", pretrained=False, **options)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_every_architecture_gives_its_features_for_any_size(arch):
    model = build(arch).eval()
    assert model.channels == WIDTHS[arch]
    with torch.no_grad():
        pixels = model(torch.randn(1, 3, 49, 67)).pixels
    stride = STRIDES[arch]
    assert pixels.shape == (1, WIDTHS[arch], -(-49 // stride), -(-67 // stride))


@pytest.mark.parametrize("arch", ["unet", "fpn", "upernet", "linknet"])
def test_features_are_what_smps_own_head_reads(arch):
    torch.manual_seed(0)
    network = smp.create_model(arch, "tu-test_resnet", None, classes=3).eval()
    model = build(arch).eval()
    model.encoder.load_state_dict(network.encoder.state_dict())
    model.decoder.load_state_dict(network.decoder.state_dict())
    image = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        scores = network.segmentation_head(model(image).pixels)
        torch.testing.assert_close(scores, network(model.colors(image)))


def test_a_neck_joins_patches_to_wider_cells():
    model = build("unet", neck=lambda width: Patches(width, 24, 4))
    assert model.channels == 24
    assert model(torch.randn(2, 3, 33, 50)).pixels.shape == (2, 24, 9, 13)


@pytest.mark.parametrize(
    ("arch", "encoder", "message"),
    [
        ("unetr", "resnet18", r"Unknown architecture 'unetr' of smp\. Available: .*unet"),
        ("dpt", "resnet18", r"DPTGenerator"),
        ("unet", "resnet19", r"cannot build unet on resnet19: .*supported encoders"),
        ("linknet", "mit_b0", r"mit_b0.* is not supported"),
        ("deeplabv3", "tu-test_vit", r"cannot build deeplabv3 on tu-test_vit"),
    ],
)
def test_what_cannot_be_built_is_explained(arch, encoder, message):
    with pytest.raises(ValueError, match=message):
        SmpGenerator(arch, encoder, pretrained=False)


def test_weights_that_cannot_be_fetched_are_explained(monkeypatch):
    def offline(*args, **kwargs):
        raise ConnectionError("no route")

    monkeypatch.setattr("segmentation_models_pytorch.encoders.hf_hub_download", offline)
    with pytest.raises(ValueError, match=r"resnet18 cannot be fetched \(no route\)"):
        SmpGenerator("unet", "resnet18", pretrained=True)


def test_dpt_gives_the_input_of_its_last_convolution():
    network = smp.DPT("tu-test_vit", encoder_weights=None, dynamic_img_size=True).eval()
    model = DPTGenerator("test_vit", pretrained=False).eval()
    model.encoder.load_state_dict(network.encoder.state_dict(), strict=False)  # without its head
    model.decoder.load_state_dict(network.decoder.state_dict())
    model.head.load_state_dict(network.segmentation_head.head[:3].state_dict())
    image = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        scores = network.segmentation_head.head[4](model(image).pixels)
        scores = torch.nn.functional.interpolate(
            scores, scale_factor=2, mode="bilinear", align_corners=True
        )
        torch.testing.assert_close(scores, network(model.colors(image)))


def test_dpt_takes_any_size():
    model = DPTGenerator("test_vit", pretrained=False).eval()
    with torch.no_grad():
        assert model(torch.randn(1, 3, 97, 131)).pixels.shape == (1, model.channels, 49, 66)


def test_dpt_on_what_is_no_transformer_is_explained():
    with pytest.raises(ValueError, match="resnet18"):
        DPTGenerator("resnet18", pretrained=False)


def test_a_file_of_the_encoder_is_loaded(tmp_path):
    source = smp.encoders.get_encoder("resnet18", weights=None).state_dict()
    torch.save(source, tmp_path / "encoder.pth")
    model = SmpGenerator("fpn", "resnet18", weights=str(tmp_path / "encoder.pth"))
    assert all(value.equal(source[name]) for name, value in model.encoder.state_dict().items())
    del source["layer4.1.conv2.weight"]
    torch.save(source, tmp_path / "part.pth")
    with pytest.raises(ValueError, match=r"1 of \d+ tensors are missing, such as layer4.1.conv2"):
        SmpGenerator("fpn", "resnet18", weights=str(tmp_path / "part.pth"))
