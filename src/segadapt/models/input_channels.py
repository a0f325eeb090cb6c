"""Networks for images with any number of channels: layers that read the image are widened."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from segadapt.models.interfaces import FeatureGenerator
from segadapt.models.pretrained.renormalization import Renormalize

SIDE = 64
"""Side of the trial image, in pixels."""


def adapt_input(generator: FeatureGenerator, channels: int, published: bool) -> None:
    """Let a network that was built for RGB read images of other channels, in place.

    Published weights follow timm's rule for ``in_chans``: the sum over red, green and blue for one
    channel; for others their repetition, times 3 / channels. Other weights are drawn at random,
    with a deviation that preserves the layer's output. A renormalisation is removed, because such
    images are normalised by their own statistics.

    Args:
        generator: Network for images of three channels.
        channels: Number of channels of the images.
        published: Whether its weights are published ones.

    Raises:
        ValueError: If no layer reads the image.
    """
    drop_renormalization(generator)
    if channels == generator.inputs:
        return
    layers = _reading_layers(generator)
    if not layers:
        raise ValueError(
            f"data.channels={channels}: no convolution of {type(generator).__name__} reads the "
            "image, so it cannot be adapted; choose another model, or data.channels=3"
        )
    for layer in layers:
        _widen(layer, channels, published)
    generator.inputs = channels


def drop_renormalization(generator: FeatureGenerator) -> None:
    """Remove the renormalisation from ImageNet's statistics, which only 8-bit RGB images have."""
    for module in generator.modules():
        for name, child in list(module.named_children()):
            if isinstance(child, Renormalize):
                setattr(module, name, nn.Identity())


def starts_published(node: Any) -> bool:
    """Whether a part of a model's config requests published weights."""
    if not isinstance(node, Mapping):
        return False
    asks = node.get("pretrained") is True or isinstance(node.get("weights"), str)
    return asks or any(starts_published(child) for child in node.values())


@torch.no_grad()
def _reading_layers(generator: FeatureGenerator) -> list[nn.Conv2d]:
    """The convolutions that read the image itself, padded or not."""
    image = torch.full((2, 3, SIDE, SIDE), 0.5)
    image[0] = 0.25
    found: list[nn.Conv2d] = []

    def look(layer: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        assert isinstance(layer, nn.Conv2d)
        if inputs[0].shape[1] == 3 and bool((inputs[0][1, :, 0, 0] == 0.5).all()):
            found.append(layer)

    candidates = [m for m in generator.modules() if isinstance(m, nn.Conv2d) and m.in_channels == 3]
    handles = [layer.register_forward_pre_hook(look) for layer in candidates]
    training = generator.training
    try:
        generator.eval()(image)
    finally:
        generator.train(training)
        for handle in handles:
            handle.remove()
    return list(dict.fromkeys(found))


def _widen(layer: nn.Conv2d, channels: int, published: bool) -> None:
    weight = layer.weight.data
    if published:
        from timm.models import adapt_input_conv  # imports wandb, which loading does not need

        wider = adapt_input_conv(channels, weight)
    else:
        deviation = weight.std() * (3 / channels) ** 0.5
        wider = torch.randn(len(weight), channels, *weight.shape[2:]) * deviation
    layer.weight = nn.Parameter(wider.to(weight.dtype).contiguous())
    layer.in_channels = channels
