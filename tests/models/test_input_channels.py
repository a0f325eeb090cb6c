import pytest
import torch
from compositions import composed
from torch import nn

from segadapt.evaluation.network import bare_model
from segadapt.models.input_channels import adapt_input, starts_published
from segadapt.models.interfaces import FeatureGenerator, Features
from segadapt.models.pretrained.renormalization import Renormalize

FOLDER = ("data=folder", "data.num_classes=3", "data.classes=[a,b,c]", "data.pretrained=false")


def network(*overrides):
    return bare_model(composed(*FOLDER, *overrides))


class TwoReaders(FeatureGenerator):
    """Two layers read the image, and a third has three channels of something else."""

    channels = 4

    def __init__(self):
        super().__init__()
        self.colors = Renormalize((0.5,) * 3, (0.5,) * 3)
        self.first, self.second = nn.Conv2d(3, 4, 2, 2), nn.Conv2d(3, 3, 2, 2)
        self.third = nn.Conv2d(3, 4, 1)

    def forward(self, image, auxiliary=False):
        return Features(self.first(image) + self.third(self.second(image)))


@pytest.mark.parametrize("channels", [1, 2, 4, 7])
def test_published_weights_follow_timms_rule(channels):
    generator = TwoReaders()
    before = {name: p.clone() for name, p in generator.named_parameters()}
    adapt_input(generator, channels, published=True)
    assert isinstance(generator.colors, nn.Identity)
    assert generator.inputs == channels
    for name in ("first", "second"):
        rgb, layer = before[f"{name}.weight"], getattr(generator, name)
        for c in range(channels):
            one = (
                sum(rgb[:, k] for k in range(3)) if channels == 1 else rgb[:, c % 3] * 3 / channels
            )
            torch.testing.assert_close(layer.weight[:, c], one)
        assert torch.equal(layer.bias, before[f"{name}.bias"])
    assert torch.equal(generator.third.weight, before["third.weight"])
    assert generator(torch.zeros(1, channels, 8, 8)).pixels.shape == (1, 4, 4, 4)


def test_weights_at_random_are_drawn_anew():
    generator = TwoReaders()
    torch.manual_seed(0)
    adapt_input(generator, 6, published=False)
    weight = generator.first.weight
    assert not torch.equal(weight[:, 0], weight[:, 3])


def test_a_network_that_reads_no_image_is_refused():
    class Blind(TwoReaders):
        def forward(self, image, auxiliary=False):
            return Features(image.repeat(1, 2, 1, 1)[:, :4])

    with pytest.raises(ValueError, match=r"data\.channels=5: no convolution of Blind reads the im"):
        adapt_input(Blind(), 5, published=False)


@pytest.mark.parametrize("overrides", [(), ("data.channels=5", "data.mean=[0,0,0,0,0]")])
def test_the_config_decides(overrides):
    model = network(*overrides)
    channels = 5 if overrides else 3
    assert model.generator.inputs == channels
    with torch.no_grad():
        scores = model.eval()(torch.randn(1, channels, 32, 32)).student.logits
    assert scores.shape[1] == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "model",
    [
        *("deeplabv3plus_resnet50", "segformer_mit_b0", "segnext_tiny", "seaformer_base"),
        *("afformer_tiny", "upernet_swin_tiny", "upernet_convnext_tiny", "ocrnet_hrnet18"),
        *("upernet_vit_adapter_small", "linear_dinov3_vit_small", "smp_unet", "smp_dpt"),
        *("upernet_sam2_hiera_tiny", "fcn_mobilenetv2", "tiny"),
    ],
)
def test_every_kind_of_encoder_takes_four_channels(model):
    built = network(f"model={model}", "data.channels=4").eval()
    with torch.no_grad():
        image = torch.randn(1, 4, 64, 64)
        one = built(image).student.logits
        image[:, 3] += 1  # the fourth channel counts
        assert not torch.equal(one, built(image).student.logits)


def test_what_asks_for_published_weights():
    assert starts_published({"encoder": {"pretrained": True}})
    assert starts_published({"encoder": {"pretrained": False, "weights": "a.pth"}})
    assert not starts_published({"encoder": {"pretrained": False, "weights": None}})
