"""The page of all models."""

import pytest
from benchmarks.harness.page import sections, write_section
from benchmarks.models import (
    PRINTED_FLOPS,
    PRINTED_PARAMETERS,
    SAME,
    composed,
    every_model,
    line,
    main,
    source,
)


def test_a_line_has_the_counts_and_the_weights():
    found = line("fcn_mobilenetv2")[2:-2].split(" | ")
    name, training, deployed, _, paper, _, true, weights, licence, colours = found
    assert (name, training) == ("fcn_mobilenetv2", "9.82")
    # Without the auxiliary head: 260,246 parameters.
    assert deployed == "9.56"
    assert float(paper) == pytest.approx(float(true), rel=0.02)  # no attention in it
    assert weights == "`timm/mobilenetv2_100.ra_in1k`"
    assert (licence, colours) == ("apache-2.0", "ImageNet")


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
    assert source(composed(model))[:2] == (weights, licence)


@pytest.mark.parametrize(
    ("model", "colours"),
    [
        ("upernet_vit_adapter_large", "0.5 0.5 0.5 and 0.5 0.5 0.5"),
        ("upernet_vit_adapter_small", "ImageNet"),
        ("smp_unet", "ImageNet"),
        ("segnext_tiny", "ImageNet"),
    ],
)
def test_colours_are_those_of_the_weights(model, colours):
    assert source(composed(model)).colours == colours


@pytest.fixture(scope="module")
def rows():
    """The committed table, cell by cell, without its head."""
    lines = sections()["Cost and weights"].splitlines()
    table = [line[2:-2].split(" | ") for line in lines if line.startswith("| ")]
    return table[1:]


def test_the_committed_page_has_a_row_for_every_model(rows):
    assert [row[0] for row in rows] == every_model()
    for name, *cells in rows:
        if name in SAME:
            assert cells[0] == f"= {SAME[name]}"
        else:
            assert 0 < float(cells[1]) <= float(cells[0])


@pytest.mark.slow  # composes every model
def test_the_committed_page_names_the_weights_of_the_configs(rows):
    for name, *cells in rows:
        if name not in SAME:
            assert tuple(cells[-3:]) == source(composed(name))


def test_what_the_papers_print_is_what_is_counted(rows):
    cells = {name: found for name, *found in rows}
    assert {n: float(cells[n][0]) for n in PRINTED_PARAMETERS} == PRINTED_PARAMETERS
    assert {n: float(cells[n][3]) for n in PRINTED_FLOPS} == PRINTED_FLOPS


def test_a_section_is_replaced_and_the_others_stay(tmp_path):
    page = tmp_path / "docs" / "page.md"
    write_section("torch.compile", "one\n", page)
    write_section("Cost and weights", "two\n\n### more", page)
    write_section("torch.compile", "three", page)
    assert page.read_text() == (
        "# Models\n\n## Cost and weights\n\ntwo\n\n### more\n\n## torch.compile\n\nthree\n"
    )


def test_unknown_models_are_explained():
    with pytest.raises(ValueError, match=r"Unknown model 'resnet'. Available: afformer"):
        main(["resnet"])


def test_what_is_printed_belongs_to_a_model():
    assert set(every_model()) >= PRINTED_FLOPS.keys() | PRINTED_PARAMETERS.keys() | SAME.keys()
