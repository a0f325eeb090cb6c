"""ViT-Adapter: a pyramid out of a plain vision transformer (Chen et al., ICLR 2023).

Facts beyond the paper are from the authors' release, as noted in this project's specification:
layer scale in every block, no class token, plain bicubic resizing of the position table, and the
constant rate of stochastic depth in the extractors.
"""

import math
from collections.abc import Sequence
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segadapt.functional.resize import upsample
from segadapt.models.encoders.parts.checkpointing import recomputed
from segadapt.models.encoders.parts.deformable_attention import DeformableAttention
from segadapt.models.encoders.parts.initialization import initialise
from segadapt.models.encoders.parts.spatial_prior import SpatialPrior
from segadapt.models.encoders.parts.vit_interaction import (
    Extractor,
    Injector,
    Layout,
    as_maps,
    as_tokens,
)
from segadapt.models.encoders.parts.vit_trunk import embed, scale_layers, trunk
from segadapt.models.interfaces import Encoder
from segadapt.models.pretrained.renormalization import renormalization
from segadapt.models.pretrained.tags import timm_tag
from segadapt.models.sizes import crop, pad_to_multiple

STAGES: Final = 4


class Interaction(nn.Module):
    """One stage: the prior flows into the tokens before the blocks, and back after them.

    Args:
        injector: From the prior to the transformer.
        extractors: From the transformer to the prior, one after the other.
    """

    def __init__(self, injector: Injector, extractors: list[Extractor]) -> None:
        super().__init__()
        self.injector = injector
        self.extractors = nn.ModuleList(extractors)

    def forward(
        self,
        tokens: Float[Tensor, "b q c"],
        cells: Float[Tensor, "b v c"],
        blocks: nn.Sequential,
        layout: Layout,
    ) -> tuple[Float[Tensor, "b q c"], Float[Tensor, "b v c"]]:
        tokens = blocks(self.injector(tokens, cells, layout))
        for extractor in self.extractors:
            cells = extractor(cells, tokens, layout)
        return tokens, cells


class ViTAdapter(Encoder):
    """Four levels of a timm ViT's width, at strides 4, 8, 16 and 32, from images of any size.

    A convolutional prior and the transformer exchange features by deformable attention in four
    stages. The transformer keeps timm's parameter names, below ``body``.

    Args:
        name: timm's name of a plain ViT with patches of 16 pixels.
        pretrained: Start the transformer from the weights that timm publishes.
        weights: Start it from this downloaded file instead.
        heads: Number of heads of the deformable attention.
        ratio: Width of its values over the transformer's.
        stem: Channels of the prior's first convolutions.
        hidden: Hidden width of the extractors' perceptrons over the transformer's.
        drop_path: Stochastic depth of the last block, growing linearly from 0 at the first; of
            every extractor's perceptron.
        layer_scale: Initial learned scale of the blocks' branches; None for blocks as built by
            timm.
        checkpointing: Compute stages twice in training, to save memory.
        colors: Mean and standard deviation to which images are normalised, RGB, fractions of white;
            None for those of the weights' tag.
        recompute: Name of ``checkpointing`` in run folders before version 0.2.

    Raises:
        ValueError: If there is no such transformer, it cannot carry an adapter, or its weights are
            unavailable or do not fit.
    """

    def __init__(
        self,
        name: str,
        pretrained: bool = True,
        weights: str | None = None,
        heads: int = 16,
        ratio: float = 0.5,
        stem: int = 64,
        hidden: float = 0.25,
        drop_path: float = 0.0,
        layer_scale: float | None = 1.0,
        checkpointing: bool = False,
        colors: Sequence[Sequence[float]] | None = None,
        recompute: bool = False,
    ) -> None:
        super().__init__()
        self.body = trunk(name, pretrained, weights, drop_path)
        _check(name, self.body.patch_embed.patch_size, len(self.body.blocks))
        tag = timm_tag(name)
        mean, std = colors or (tag.mean, tag.std)
        self.colors = renormalization(mean, std)
        if layer_scale is not None:
            scale_layers(self.body, layer_scale)
        width = self.body.embed_dim
        self.channels, self.strides = (width,) * STAGES, (4, 8, 16, 32)
        self.checkpointing = checkpointing or recompute
        self.prior = SpatialPrior(width, stem)
        self.level_embed = nn.Parameter(torch.randn(3, width))
        self.interactions = nn.ModuleList(
            Interaction(
                Injector(width, heads, ratio),
                [Extractor(width, heads, ratio, hidden, drop_path) for _ in range(count)],
            )
            for count in (1, 1, 1, 3)
        )
        self.up = nn.ConvTranspose2d(width, width, 2, 2)
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(STAGES))
        self._initialise()

    def _initialise(self) -> None:
        for part in (self.prior, self.interactions):
            part.apply(initialise)
        for module in self.interactions.modules():
            if type(module) is DeformableAttention:
                module.initialise()  # its own rule, instead of that for linear layers
        nn.init.normal_(self.up.weight, 0, math.sqrt(2 / (4 * self.up.out_channels)))
        nn.init.zeros_(self.up.get_parameter("bias"))

    def forward(self, image: Float[Tensor, "b c H W"]) -> list[Tensor]:
        padded = pad_to_multiple(self.colors(image), max(self.strides))
        finest, *prior = self.prior(padded)
        sizes = [(level.shape[2], level.shape[3]) for level in prior]
        marked = zip(prior, self.level_embed, strict=True)
        cells = torch.cat([as_tokens(level) + mark for level, mark in marked], 1)
        tokens, grid = embed(self.body, padded)
        seen, cells = self._interact(tokens, cells, Layout.of(grid, sizes, tokens))
        below = as_maps(cells, sizes)
        levels = [finest + self.up(below[0]), *below]
        parts = zip(self.norms, levels, seen, self.strides, strict=True)
        return [
            crop(norm(level + upsample(tokens, level.shape[2:])), image, stride)
            for norm, level, tokens, stride in parts
        ]

    def _interact(
        self, tokens: Float[Tensor, "b q c"], cells: Float[Tensor, "b v c"], layout: Layout
    ) -> tuple[list[Tensor], Float[Tensor, "b v c"]]:
        """The transformer's map after each stage, and the prior after all of them."""
        depth = len(self.body.blocks) // STAGES
        seen = []
        for index, stage in enumerate(self.interactions):
            blocks = self.body.blocks[index * depth : (index + 1) * depth]
            if self.checkpointing and torch.is_grad_enabled():
                tokens, cells = recomputed(tokens.device, stage, tokens, cells, blocks, layout)
            else:
                tokens, cells = stage(tokens, cells, blocks, layout)
            seen.extend(as_maps(tokens, [layout.grid]))
        return seen, cells

    def layer_ids(self) -> dict[str, int]:
        """Depth of each parameter, by name, for a learning rate that decays with depth.

        The release's rule: 0 for patches and positions, i for the i-th block, counted from 1, and
        one more than there are blocks for everything that the adapter adds.
        """
        last = len(self.body.blocks) + 1
        return {name: _layer_id(name, last) for name, _ in self.named_parameters()}


def _layer_id(name: str, last: int) -> int:
    parts = name.split(".")
    match parts:
        case ["body", "blocks", number, *_]:
            return int(number) + 1
        case ["body", *_]:
            return 0
        case _:
            return last


def _check(name: str, patch: tuple[int, int], depth: int) -> None:
    if tuple(patch) != (16, 16):
        raise ValueError(
            f"{name} has patches of {patch[0]}x{patch[1]} pixels; ViT-Adapter is built on 16x16, "
            "choose a model.encoder.name with patch16"
        )
    if depth % STAGES:
        raise ValueError(
            f"{name} has {depth} blocks, which do not make {STAGES} equal stages; choose another "
            "model.encoder.name"
        )


RENAMES: Final = (
    (r"^(patch_embed|pos_embed|blocks)", r"body.\1"),
    (r"^(body\.blocks\.\d+)\.gamma([12])$", r"\1.ls\2.gamma"),
    *((rf"^spm\.stem\.{3 * i}\.", f"prior.stem.{i}.0.") for i in range(3)),
    *((rf"^spm\.stem\.{3 * i + 1}\.", f"prior.stem.{i}.1.") for i in range(3)),
    *((rf"^spm\.conv{i + 2}\.", f"prior.down.{i}.") for i in range(3)),
    *((rf"^spm\.fc{i + 1}\.", f"prior.widen.{i}.") for i in range(4)),
    (r"\.extractor\.", ".extractors.0."),
    (r"\.extra_extractors\.0\.", ".extractors.1."),
    (r"\.extra_extractors\.1\.", ".extractors.2."),
    (r"\.feat_norm\.", ".value_norm."),
    (r"\.ffn_norm\.", ".mlp_norm."),
    (r"\.ffn\.fc1\.", ".mlp.widen."),
    (r"\.ffn\.dwconv\.dwconv\.", ".mlp.depthwise."),
    (r"\.ffn\.fc2\.", ".mlp.narrow."),
    (r"\.attn\.sampling_offsets\.", ".attention.offsets."),
    (r"\.attn\.attention_weights\.", ".attention.weights."),
    (r"\.attn\.value_proj\.", ".attention.value."),
    (r"\.attn\.output_proj\.", ".attention.project."),
    *((rf"^norm{i + 1}\.", f"norms.{i}.") for i in range(4)),
)
"""Renames from the authors' checkpoints to our names."""
