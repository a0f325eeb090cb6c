"""Multiply-adds of inference as the papers count them ("GFLOPs" of SSA Tables 1 and 2)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import torch
from benchmarks.harness.paper_rules import as_convolution, macs, nothing
from segmentation_models_pytorch.encoders import mix_transformer
from torch import Tensor, nn

from segadapt.analysis.cost.flops import meta_image, on_meta
from segadapt.segmentor import Segmentor

Rule = Callable[[Any, Any, Tensor], int]

LINEAR_PARTS: Final[Mapping[type[nn.Module], Rule]] = {
    mix_transformer.Attention: nothing,
    mix_transformer.Mlp: as_convolution,
}
"""Counting rules of linear layers, by the type of the module that owns them.

mmsegmentation's SegFormer has ``nn.MultiheadAttention``, which the counter skips, and 1x1
convolutions in its feed-forward part. This omits 30 % of what SegFormer-B5 really computes.
"""


def paper_macs(model: Segmentor, height: int, width: int) -> int:
    """Multiply-adds that score one image, counted by hooks on modules as the papers did.

    Neither attention's products nor those of pixels and prototypes count, so that SSA seems to cost
    a sixteenth of what it does; :func:`segadapt.analysis.cost.flops.true_macs` counts them. The
    teacher and the auxiliary head do not run.

    Args:
        model: Network, on any device.
        height: Rows of the image.
        width: Columns of the image.
    """
    bare = on_meta(model)
    counts: dict[nn.Module, int] = {}
    for module, rule in _rules(bare):
        module.register_forward_hook(_count(counts, rule))
    fixed: list[int] = []
    bare.classifier.register_forward_hook(
        lambda classifier, arguments, _: fixed.append(_uncalled(classifier, arguments[0], counts))
    )
    with torch.no_grad():
        bare(meta_image(height, width))
    return sum(counts.values()) + sum(fixed)


def _rules(model: nn.Module) -> Iterator[tuple[nn.Module, Rule]]:
    """Every module that counts, with its rule."""
    for parent in model.modules():
        linear = LINEAR_PARTS.get(type(parent), macs)
        for child in parent.children():
            if macs.dispatch(type(child)) is not macs.dispatch(nn.Module):
                yield child, linear if type(child) is nn.Linear else macs


def _count(counts: dict[nn.Module, int], rule: Rule) -> Callable[..., None]:
    def hook(module: nn.Module, arguments: tuple[Any, ...], result: Tensor) -> None:
        counts[module] = counts.get(module, 0) + rule(module, arguments[0], result)

    return hook


def _uncalled(classifier: nn.Module, features: Tensor, counts: Mapping[nn.Module, int]) -> int:
    """The classifier's 1x1 convolution, which it applies as a product that no hook sees."""
    convolutions = [
        child
        for child in classifier.children()
        if isinstance(child, nn.Conv2d) and child not in counts
    ]
    pixels = features.numel() // features.shape[1]
    return sum(
        pixels * (c.weight.numel() + (c.bias is not None) * c.out_channels) for c in convolutions
    )
