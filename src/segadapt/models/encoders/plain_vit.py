"""Plain vision transformers: one grid of tokens from the first block to the last."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import timm
from jaxtyping import Float
from timm.layers import set_fused_attn
from torch import Tensor, nn

from segadapt.models.encoders.neck import TokenPyramid
from segadapt.models.encoders.parts.checkpointing import checkpoint_blocks
from segadapt.models.encoders.timm import check_name
from segadapt.models.encoders.timm_patches.families import family
from segadapt.models.interfaces import Encoder
from segadapt.models.pretrained.download_errors import explained
from segadapt.models.pretrained.renormalization import renormalization
from segadapt.models.pretrained.tags import check_published, show, timm_tag
from segadapt.models.pretrained.timm_file import load_local
from segadapt.models.sizes import crop, pad_to_multiple


class PlainTransformer(Encoder):
    """Tokens of a timm vision transformer after some of its blocks, for images of any size.

    Every map goes through the transformer's last normalisation, which timm's own feature extractor
    omits and without which the maps of DINO differ in scale by orders of magnitude. Blocks after
    the last one that is read, and the classification head, are removed.

    Args:
        name: timm's name, with the tag of the weights after a dot if several exist.
        pretrained: Start from the weights that timm publishes.
        weights: Start from this downloaded file instead.
        levels: Number of blocks to read after, evenly spaced up to the last one, or the numbers of
                    these blocks.
        frozen: Whether to exempt the transformer, but not the neck, from training.
        neck: Builds the layers that resize the maps to the scales of a pyramid; None keeps the
            stride of the patches.
        checkpointing: Compute blocks twice in training, to save memory.
        options: Passed on to :func:`timm.create_model`.

    Raises:
        ValueError: If there is no such transformer, it cannot be built or frozen so, or its weights
            are unavailable or do not fit.
    """

    def __init__(
        self,
        name: str,
        pretrained: bool = True,
        weights: str | None = None,
        levels: int | Sequence[int] = 4,
        frozen: bool = False,
        neck: Callable[[int], TokenPyramid] | None = None,
        checkpointing: bool = False,
        **options: Any,
    ) -> None:
        super().__init__()
        check_name(name)
        if frozen and not pretrained and weights is None:
            _refuse_frozen(name)
        set_fused_attn(True, experimental=True)  # read by timm when a network is built
        options = {**family(name).options, **options}
        tag, fetched = timm_tag(name), pretrained and weights is None
        if fetched:
            check_published(name, tag)
        body = _build(name, fetched, options)
        if fetched:
            show(name, tag)
        self.blocks = _chosen(levels, len(body.blocks), name)
        body.reset_classifier(0)  # a file may lack the head
        if weights is not None:
            load_local(body, name, weights, options)
        if type(body.norm) is nn.Identity:  # last if trained on the mean of tokens
            body.norm = body.fc_norm
        body.prune_intermediate_layers(list(self.blocks), prune_head=True)
        if checkpointing:
            checkpoint_blocks(body, name)
        self.colors = renormalization(tag.mean, tag.std)
        self.body = body.requires_grad_(not frozen)
        self.neck = None if neck is None else neck(body.embed_dim)
        self.patch = body.patch_embed.patch_size[0]
        self.channels = (body.embed_dim,) * len(self.blocks)
        self.strides = _strides(self.patch, len(self.blocks), self.neck, name)
        self.multiple = math.lcm(self.patch, *self.strides)

    def forward(self, image: Float[Tensor, "b c H W"]) -> list[Tensor]:
        padded = pad_to_multiple(self.colors(image), self.multiple)
        tokens = self.body.forward_intermediates(
            padded, list(self.blocks), norm=True, output_fmt="NLC", intermediates_only=True
        )
        rows, columns = (side // self.patch for side in padded.shape[2:])
        # Views in memory format channels_last; timm's own NCHW would be copies.
        maps = [level.unflatten(1, (rows, columns)).permute(0, 3, 1, 2) for level in tokens]
        if self.neck is not None:
            maps = self.neck(maps)
        return [
            crop(level, image, stride) for level, stride in zip(maps, self.strides, strict=True)
        ]


def _refuse_frozen(name: str) -> NoReturn:
    raise ValueError(
        f"{name} would be frozen with random weights; set data.pretrained=true, pass "
        "model.encoder.weights=FILE, or train it with model.encoder.frozen=false"
    )


def _build(name: str, pretrained: bool, options: dict[str, Any]) -> Any:
    """The whole transformer; timm has no common type for them."""
    if family(name).options.get("dynamic_img_size") is None:
        raise ValueError(
            f"{name} is not a plain vision transformer that takes images of any size; use "
            "model.encoder._target_=segadapt.models.encoders.timm.TimmEncoder"
        )
    try:
        with explained(name):
            return timm.create_model(name, pretrained=pretrained, **options)
    # timm's errors for unknown or unsupported options.
    except (TypeError, AssertionError, RuntimeError) as error:
        asked = ", ".join(f"{key}={value}" for key, value in options.items())
        raise ValueError(
            f"timm cannot build {name} with {asked} ({type(error).__name__}: {error}); remove the "
            "options that this transformer does not know"
        ) from error


def _chosen(levels: int | Sequence[int], depth: int, name: str) -> tuple[int, ...]:
    """Numbers of the blocks after which the tokens are read."""
    if isinstance(levels, int):
        found = [depth * (level + 1) // levels - 1 for level in range(levels)]
    else:
        found = list(levels)
    if not found or found != sorted(set(found)) or found[0] < 0 or found[-1] >= depth:
        raise ValueError(
            f"levels={levels} does not fit {name}, whose {depth} blocks are 0 to {depth - 1}; pass "
            "a number up to that, or ascending numbers of blocks"
        )
    return tuple(found)


def _strides(patch: int, count: int, neck: TokenPyramid | None, name: str) -> tuple[int, ...]:
    if neck is None:
        return (patch,) * count
    if count != len(neck.scales) or patch % max(neck.scales):
        raise ValueError(
            f"a pyramid needs {len(neck.scales)} levels and patches whose side is a multiple of "
            f"{max(neck.scales):g}, but {name} has {patch} and levels are {count}; set "
            "model.encoder.neck=null and a decoder that reads one scale, such as "
            "model/decoder=linear"
        )
    return tuple(int(patch / scale) for scale in neck.scales)
