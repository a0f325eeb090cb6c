import numpy as np
import pytest
import torch
from drawn import texts_outside
from networks_looked_at import network, sample

from segadapt.analysis.figures import activation
from segadapt.analysis.figures.activation import ActivationRow, activation_figure, activation_map


def by_hand(model, image, labelled, category):
    """Grad-CAM's two equations, with torch's own gradient."""
    features = model.generator(image[None]).pixels.detach().requires_grad_()
    score = model.classifier(features).student.logits[0, category][labelled].sum()
    (gradient,) = torch.autograd.grad(score, features)
    weight = gradient.mean((2, 3), keepdim=True)  # alpha
    return (weight * features).sum(1)[0].relu().detach()


@pytest.mark.parametrize("classifier", ["fixed", "cac", "ssa"])
def test_the_map_is_grad_cam_of_the_features(classifier):
    pytest.importorskip("pytorch_grad_cam")
    model, one = network(classifier), sample()
    found = activation_map(model, one, 1)
    grid = model.generator(one.image[None]).pixels.shape[-2:]
    labelled = one.mask[:: 64 // grid[0], :: 64 // grid[1]] == 1
    expected = by_hand(model, one.image, labelled, 1)
    expected = (expected - expected.min()) / (expected.max() - expected.min())
    large = torch.nn.functional.interpolate(
        expected[None, None], size=(64, 64), mode="bilinear", align_corners=False
    )[0, 0]
    assert found.shape == (64, 64)
    assert np.corrcoef(found.ravel(), large.numpy().ravel())[0, 1] > 0.99
    assert all(parameter.grad is None for parameter in model.parameters())


def test_without_the_library_the_way_to_it_is_said(monkeypatch):
    monkeypatch.setattr("segadapt.analysis.figures.optional_packages.find_spec", lambda name: None)
    with pytest.raises(
        ValueError, match=r"grad-cam: .*uv pip install --python .* -e .*\[figures\]"
    ):
        activation_map(network("fixed"), sample(), 0)


def test_the_class_is_named_and_outlined():
    labelled = np.zeros((8, 8), dtype=bool)
    labelled[2:5, 2:5] = True
    heat = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    row = ActivationRow(np.zeros((8, 8, 3), dtype=np.uint8), 1, labelled, {"CAC": heat})
    figure = activation_figure([row], ["sky", "road"])
    axes = figure.axes
    assert [one.get_title() for one in axes[:2]] == ["image", "CAC"]
    assert "outlined: where the class is labelled" in axes[2].get_xlabel().replace("\n", " ")
    assert texts_outside(figure) == []
    assert axes[0].get_xlabel() == "road"
    assert np.array_equal(axes[1].images[0].get_array(), heat)


def test_classes_come_by_area_without_ignored_pixels():
    label = np.array([[255, 255, 255, 255], [2, 2, 2, 0]], dtype=np.uint8)
    assert activation._by_area(label) == [2, 0]
