"""Networks compute the same once their batch norms are synchronised."""

import copy
from unittest.mock import Mock

import lightning as L
import pytest
import timm
import torch
from compositions import composed
from runs import SMALL
from timm.layers.norm_act import BatchNormAct2d, FrozenBatchNormAct2d
from timm.layers.split_batchnorm import SplitBatchNorm2d
from torch import nn

from segadapt.training import trainer
from segadapt.training.checkpoint_io import AtomicCheckpointIO
from segadapt.training.shared_batch_norm import SharedBatchNorm


def outputs(network, images, training):
    torch.manual_seed(1)  # the same units are dropped
    with torch.no_grad():
        found = network.train(training)(images)
    return found if isinstance(found, list) else [found]


def assert_equal(network, other):
    """Both compute the same in training, learn the same statistics, and then evaluate the same."""
    images = torch.randn(2, 3, 64, 64)
    for training in (True, False):
        pairs = zip(
            outputs(network, images, training), outputs(other, images, training), strict=True
        )
        for one, two in pairs:
            assert torch.equal(one, two)
    assert list(network.state_dict()) == list(other.state_dict())
    for name, value in network.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name


NAMES = (
    "mobilenetv2_100",  # ReLU6 in its norms
    "efficientnet_b0",  # SiLU
    "mobilenetv3_small_050",  # hard swish
    "resnet18",  # plain norms
    "efficientformerv2_s0",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_network_computes_the_same_with_synchronised_norms_and_afterwards(name):
    if name == "efficientformerv2_s0":
        network = timm.create_model(name, img_size=64)
    else:
        network = timm.create_model(name, features_only=True)
    converted = copy.deepcopy(network)
    parameters = list(converted.parameters())
    sync = SharedBatchNorm()
    assert sync.apply(converted) is converted
    assert not any(isinstance(part, nn.BatchNorm2d) for part in converted.modules())
    assert all(map(torch.Tensor.is_set_to, parameters, converted.parameters()))
    assert_equal(network, converted)
    sync.apply(converted)  # by a second fit
    assert_equal(network, converted)
    converted.to(torch.float64).to(torch.float32)  # new buffers, as on another device
    sync.revert(converted)
    assert [type(part) for part in converted.modules()] == [type(p) for p in network.modules()]
    assert_equal(network, converted)


def test_dropout_shared_norms_and_fixed_statistics_stay():
    shared = nn.BatchNorm2d(4)
    network = nn.Sequential(
        nn.Conv2d(3, 4, 1),
        BatchNormAct2d(4, act_layer=nn.GELU, drop_layer=nn.Dropout),
        BatchNormAct2d(4, apply_act=False, affine=False),
        FrozenBatchNormAct2d(4),
        shared,
        nn.Sequential(shared),
    )
    network[4].requires_grad_(False)
    converted = copy.deepcopy(network)
    SharedBatchNorm().apply(converted)
    assert converted[4] is converted[5][0]
    assert isinstance(converted[3], FrozenBatchNormAct2d)
    assert not any(value.requires_grad for value in converted[4].parameters())
    assert_equal(network, converted)


def test_a_norm_that_does_more_is_refused():
    network = nn.Sequential(nn.Sequential(SplitBatchNorm2d(4)))
    with pytest.raises(ValueError, match=r"SplitBatchNorm2d \(0\.0\).*trainer\.sync_batchnorm=fal"):
        SharedBatchNorm().apply(network)


@pytest.mark.parametrize("wanted", [True, False])
def test_a_trainer_on_gpus_has_it(monkeypatch, wanted):
    monkeypatch.setattr(trainer, "on_gpu", lambda cfg: True)
    settings = composed(*SMALL, f"trainer.sync_batchnorm={str(wanted).lower()}", "paths.run=x")
    files = Mock(spec=AtomicCheckpointIO)
    made = Mock(spec=L.Trainer, _signal_connector=Mock())
    monkeypatch.setattr(trainer, "instantiate", built := Mock(return_value=made))
    trainer.build_trainer(settings.trainer, 1, [], [], files)
    given = built.call_args.kwargs
    assert [type(part) for part in given["plugins"][1:]] == [SharedBatchNorm] * wanted
    assert given["sync_batchnorm"] is False
