"""Parameter groups, as mmcv reads ``custom_keys``."""

import pytest
import torch
from torch import nn

from segadapt.training.optim.groups import parameter_groups
from segadapt.training.optim.optimizers import adamw, sgd


@pytest.fixture
def model():
    return nn.ModuleDict(
        {
            "encoder": nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2)),
            "head": nn.Linear(2, 3),
        }
    )


def settings(model, **options):
    """Rate and decay of each parameter, by name."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    groups = parameter_groups(model, 0.1, 0.01, **options)
    assert sum(len(group["params"]) for group in groups) == len(
        {id(parameter) for group in groups for parameter in group["params"]}
    )
    return {
        names[id(parameter)]: (group["lr"], group["weight_decay"])
        for group in groups
        for parameter in group["params"]
    }


def test_without_keys_there_is_one_group(model):
    groups = parameter_groups(model, 0.1, 0.01)
    assert [(group["lr"], group["weight_decay"]) for group in groups] == [(0.1, 0.01)]
    assert len(groups[0]["params"]) == 6


def test_a_key_scales_what_has_it_in_its_name(model):
    found = settings(model, custom_keys={"head": {"lr_mult": 10}, "bias": {"decay_mult": 0}})
    assert found == {
        "encoder.0.weight": (0.1, 0.01),
        "encoder.0.bias": (0.1, 0),
        "encoder.1.weight": (0.1, 0.01),
        "encoder.1.bias": (0.1, 0),
        "head.weight": (1.0, 0.01),
        "head.bias": (0.1, 0),  # equally long keys are tried alphabetically
    }


def test_the_longest_key_decides_alone(model):
    keys = {"head": {"lr_mult": 10}, "head.bias": {"decay_mult": 0}}
    found = settings(model, custom_keys=keys)
    assert found["head.weight"] == (1.0, 0.01)
    assert found["head.bias"] == (0.1, 0)


def test_frozen_parameters_are_in_no_group(model):
    model["encoder"].requires_grad_(False)
    assert settings(model).keys() == {"head.weight", "head.bias"}


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"haed": {"lr_mult": 10}}, r"optimizer\.custom_keys\.haed matches no parameter name"),
        (
            {"head": {"lr": 10}},
            r"Unknown key of optimizer\.custom_keys\.head 'lr'\. Available: lr_mult, decay_mult",
        ),
    ],
)
def test_keys_that_would_do_nothing_are_refused(model, keys, sentence):
    with pytest.raises(ValueError, match=sentence):
        parameter_groups(model, 0.1, 0.01, keys)


def step(optimizer, model):
    """The heads' weights after a step along a gradient of ones."""
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    before = model["head"].weight.detach().clone()
    optimizer.step()
    return before, model["head"].weight.detach()


def test_sgd_adds_the_decay_to_the_gradient(model):
    before, after = step(sgd(model, 0.1, 0.5, custom_keys={"head": {"lr_mult": 2}}), model)
    torch.testing.assert_close(after, before - 0.2 * (1 + 0.5 * before))


def test_adamw_decays_apart_from_the_gradient(model):
    before, after = step(adamw(model, 0.1, 0.5, custom_keys={"head": {"lr_mult": 2}}), model)
    torch.testing.assert_close(after, before * (1 - 0.2 * 0.5) - 0.2)  # the first step has size lr
