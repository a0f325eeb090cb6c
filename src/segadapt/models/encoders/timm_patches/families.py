"""Patches by family of timm's backbones, so that they accept images of any size."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import timm
from torch import nn

from segadapt.models.encoders.timm_patches.efficientformer import take_any_size
from segadapt.models.encoders.timm_patches.hrnet import fuse_bilinearly
from segadapt.models.encoders.timm_patches.swin import pad_before_shift


@dataclass(frozen=True)
class Family:
    """Settings to build and run the backbones of one timm source file.

    Args:
        options: Defaults for :func:`timm.create_model`.
        any_size: Whether images may have another size than timm states for the weights.
        multiple: Number to a multiple of which image sides are padded; None for the coarsest
            stride.
        rewrite: Changes the built network in place.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    any_size: bool = True
    multiple: int | None = None
    rewrite: Callable[[nn.Module], None] | None = None


ANY_WINDOW: Final = {"strict_img_size": False, "always_partition": True}
ANY_GRID: Final = {"dynamic_img_size": True, "dynamic_img_pad": True}

FAMILIES: Final = {
    # Convolutions that pad by half their kernel round sizes up by themselves, as in
    # mmsegmentation; zeros around the image instead of around every map would change the numbers.
    "resnet": Family(multiple=1),
    "efficientnet": Family(multiple=1),
    "hrnet": Family({"feature_location": ""}, multiple=1, rewrite=fuse_bilinearly),
    # These pad to whole windows at every stage; only the patches must come out whole.
    "swin_transformer": Family(ANY_WINDOW, multiple=4, rewrite=pad_before_shift),
    "swin_transformer_v2": Family(ANY_WINDOW, multiple=4),
    "efficientformer_v2": Family(multiple=1, rewrite=take_any_size),
    "vision_transformer": Family(ANY_GRID),
    "eva": Family(ANY_GRID),
    # timm notes a size, but nothing in these depends on it.
    "mvitv2": Family(),
    "swiftformer": Family(),
    "twins": Family(),
    "xcit": Family(),
}
"""Patches by the name of timm's source file; other families have timm's fixed size."""


def family(name: str) -> Family:
    """The family of a timm model."""
    bare = name.partition(".")[0]
    source = timm.model_entrypoint(bare).__module__.rpartition(".")[2]
    published = timm.get_pretrained_cfg(bare, allow_unregistered=True)
    bound = published is not None and bool(published.fixed_input_size)
    return FAMILIES.get(source, Family(any_size=not bound))
