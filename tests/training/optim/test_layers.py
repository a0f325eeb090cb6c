import pytest
import timm
import torch
from torch import nn

from segadapt.training.optim.layer_decay import LayerDecay
from segadapt.training.optim.optimizers import adamw


class Adapter(nn.Module):
    """A ViT where ours have it, with something beside it and behind it."""

    def __init__(self):
        super().__init__()
        self.generator = nn.Module()
        self.generator.encoder = nn.Module()
        self.generator.encoder.body = timm.create_model(
            "vit_tiny_patch16_224", depth=3, embed_dim=12, num_heads=3, num_classes=0
        )
        self.generator.encoder.prior = nn.Conv2d(3, 4, 1)
        self.generator.encoder.blocks = nn.ModuleList([nn.Linear(2, 2)])  # not the trunk's
        self.classifier = nn.Conv2d(4, 2, 1)


def test_each_block_learns_at_the_rate_of_its_depth():
    model = Adapter()
    optimizer = adamw(model, 2e-5, 0.05, layer_decay=LayerDecay(0.95, 3), decay_vectors=False)
    found = {
        parameter: (group["lr"], group["weight_decay"])
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    exponents = {
        "generator.encoder.body.cls_token": 4,
        "generator.encoder.body.pos_embed": 4,
        "generator.encoder.body.patch_embed.proj.weight": 4,
        "generator.encoder.body.patch_embed.proj.bias": 4,
    }
    for name, parameter in model.named_parameters():
        exponent = exponents.get(name, 0)
        if name.startswith("generator.encoder.body.blocks."):
            exponent = {"0": 3, "1": 2, "2": 1}[name.split(".")[4]]
        decay = 0.0 if name.endswith(".bias") or parameter.dim() == 1 else 0.05
        assert found[parameter] == pytest.approx((2e-5 * 0.95**exponent, decay), rel=1e-12), name
    assert len(found) == len(list(model.parameters()))


def test_without_decay_of_rates_all_is_as_before():
    model = Adapter()
    groups = adamw(model, 1e-3, 0.05, layer_decay=LayerDecay(1.0, 3)).param_groups
    assert [(group["lr"], group["weight_decay"]) for group in groups] == [(1e-3, 0.05)]


@pytest.mark.parametrize(
    ("rate", "depth", "message"),
    [
        (0.0, 3, r"optimizer\.layer_decay\.rate=0\.0; it must be above 0"),
        (1.5, 3, r"rate=1\.5"),
        (0.9, 24, r"for 24 blocks at generator\.encoder\.body, where the network has 3"),
    ],
)
def test_what_cannot_be_is_told(rate, depth, message):
    with pytest.raises(ValueError, match=message):
        adamw(Adapter(), 1e-3, 0.05, layer_decay=LayerDecay(rate, depth))


def test_other_networks_are_refused():
    with pytest.raises(ValueError, match=r"has 0; set optimizer\.layer_decay\.depth"):
        adamw(torch.nn.Linear(2, 2), 1e-3, 0.05, layer_decay=LayerDecay(0.9, 12))
