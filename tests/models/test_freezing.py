"""A frozen part learns nothing, in weights and in statistics."""

import copy

import torch
from torch import nn

from segadapt.models.freezing import freeze


def network():
    torch.manual_seed(0)
    frozen = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout(0.5))
    return nn.Sequential(frozen, nn.Conv2d(4, 2, 1))


def test_it_stays_as_it_is_while_the_rest_learns():
    model = network()
    freeze(model[0])
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 0.1)
    image = torch.randn(2, 3, 4, 4)
    outputs = [model.train()[0](image) for _ in range(2)]
    assert torch.equal(*outputs)  # no dropout
    model(image).square().mean().backward()
    optimizer.step()
    after = model.state_dict()
    assert after.keys() == network().state_dict().keys()
    for name, value in after.items():
        assert torch.equal(value, before[name]) == name.startswith("0.")


def test_modes_of_the_rest_change():
    model = network()
    freeze(model[0])
    assert model.train()[1].training
    assert not any(part.training for part in model[0].modules())
    assert not model.eval()[1].training


def test_a_copy_stays_frozen():
    model = network()
    freeze(model[0])
    assert not copy.deepcopy(model).train()[0].training
