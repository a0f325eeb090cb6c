"""Encoders of segmentation-models-pytorch that timm lacks, such as SegFormer's MiT."""

from typing import Final

from jaxtyping import Float
from segmentation_models_pytorch.encoders import (
    get_encoder,
    get_encoder_names,
    get_preprocessing_params,
)
from torch import Tensor, nn

from segadapt.models.encoders.parts.checkpointing import checkpoint_blocks
from segadapt.models.interfaces import Encoder
from segadapt.models.pretrained.download_errors import explained
from segadapt.models.pretrained.renormalization import renormalization
from segadapt.models.pretrained.tags import show, smp_tag
from segadapt.models.pretrained.weight_files import fill, read_tensors
from segadapt.models.sizes import crop, pad_to_multiple
from segadapt.text.choices import unknown

MIT_SMALLEST: Final = 29
"""Shortest side that MiT accepts, in pixels: the attention of its first stage reduces the keys by a
convolution of 8 x 8 cells of stride 4, and 29 pixels make 8 cells."""


class SmpEncoder(Encoder):
    """Last ``levels`` maps of an smp encoder, for images of any size.

    Args:
        name: smp's name, such as ``mit_b0``; timm's networks belong in ``TimmEncoder``.
        pretrained: Start from the ``imagenet`` weights that smp publishes.
        weights: Start from this downloaded file instead; MiT's parameters have their authors'
            names.
        levels: Number of the last maps to return.
        multiple: Number to a multiple of which image sides are padded; MiT also pads sides below 29
                    pixels, which its first reduction cannot cover.
        layer_norm_eps: Replaces the epsilon of every layer norm; smp's MiT has 1e-5, the authors'
            and mmsegmentation's 1e-6.
        checkpointing: Compute blocks twice in training, to save memory.

    Raises:
        ValueError: If there is no such encoder, or its weights are unavailable or do not fit.
    """

    def __init__(
        self,
        name: str,
        pretrained: bool = True,
        levels: int = 4,
        multiple: int = 32,
        layer_norm_eps: float | None = None,
        weights: str | None = None,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        if name not in get_encoder_names():
            raise ValueError(unknown("encoder", name, sorted(get_encoder_names()), "of smp"))
        tag = smp_tag(name)
        with explained(name):
            fetched = pretrained and weights is None
            self.body = get_encoder(name, weights="imagenet" if fetched else None)
            if fetched:
                published = get_preprocessing_params(name)
                tag = tag._replace(mean=tuple(published["mean"]), std=tuple(published["std"]))
                show(name, tag)
        if weights is not None:
            fill(self.body, read_tensors(weights), weights)
        self.colors = renormalization(tag.mean, tag.std)
        # Its first map is the image; MiT's second has no channels.
        self.channels = tuple(self.body.out_channels[-levels:])
        self.strides = tuple(2**level for level in range(len(self.body.out_channels)))[-levels:]
        if 0 in self.channels or levels >= len(self.body.out_channels):
            raise ValueError(f"{name} has fewer than {levels} levels; lower model.encoder.levels")
        self.multiple, self.smallest = multiple, MIT_SMALLEST if name.startswith("mit_") else 1
        if checkpointing:
            checkpoint_blocks(self.body, name)
        if layer_norm_eps is not None:
            _set_layer_norm_eps(self.body, layer_norm_eps)

    def forward(self, image: Float[Tensor, "b c H W"]) -> list[Tensor]:
        padded = pad_to_multiple(self.colors(image), self.multiple, self.smallest)
        maps = self.body(padded)[-len(self.channels) :]
        return [
            crop(level, image, stride) for level, stride in zip(maps, self.strides, strict=True)
        ]


def _set_layer_norm_eps(network: nn.Module, eps: float) -> None:
    for module in network.modules():
        if isinstance(module, nn.LayerNorm):
            module.eps = eps
