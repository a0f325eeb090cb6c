"""The page of all models."""

import pytest
from benchmarks.models import PRINTED_FLOPS, PRINTED_PARAMETERS, composed, line, main, source


def test_a_line_has_the_counts_and_the_weights():
    name, training, deployed, _, paper, _, true, weights, licence = line("fcn_mobilenetv2")[
        2:-2
    ].split(" | ")
    assert (name, training) == ("fcn_mobilenetv2", "9.82")
    # Without the auxiliary head: 260,246 parameters.
    assert deployed == "9.56"
    assert float(paper) == pytest.approx(float(true), rel=0.02)  # no attention in it
    assert weights == "`timm/mobilenetv2_100.ra_in1k`"
    assert licence == "apache-2.0"


@pytest.mark.parametrize(
    ("model", "weights", "licence"),
    [
        ("segformer_mit_b5", "`smp-hub/mit_b5.imagenet`", "NVIDIA, non-commercial"),
        ("upernet_swin_large", "`timm/swin_large_patch4_window12_384.ms_in22k`", "mit"),
        ("linear_dinov3_vit_small", "`timm/vit_small_patch16_dinov3.lvd1689m`", "dinov3-license"),
        ("smp_dpt", "`timm/vit_base_patch16_224.augreg_in21k`", "apache-2.0"),
        ("seaformer_base", "its authors' file only", "as stated by them"),
        ("tiny", "none", ""),
    ],
)
def test_weights_and_licence_are_those_of_the_config(model, weights, licence):
    assert source(composed(model)) == (weights, licence)


def test_unknown_models_are_explained():
    with pytest.raises(ValueError, match=r"there is no model 'resnet'; the models are afformer"):
        main(["resnet"])


def test_what_is_printed_belongs_to_a_model():
    for name in PRINTED_FLOPS.keys() | PRINTED_PARAMETERS.keys():
        if name != "upernet_vit_adapter_large":
            composed(name)
