"""DPT (Ranftl et al., ICCV 2021) of segmentation-models-pytorch, without its last layer."""

from typing import Any

import segmentation_models_pytorch as smp
from jaxtyping import Float
from torch import Tensor

from segadapt.models.encoders.timm import check_name
from segadapt.models.interfaces import FeatureGenerator, Features
from segadapt.models.pretrained.download_errors import explained
from segadapt.models.pretrained.renormalization import renormalization
from segadapt.models.pretrained.tags import check_published, show, timm_tag
from segadapt.models.sizes import crop, pad_to_multiple


class DPTGenerator(FeatureGenerator):
    """A plain vision transformer whose tokens are reassembled to maps and fused, at stride 2.

    Args:
        encoder: timm's name of a vision transformer with a patch of 16.
        pretrained: Start the encoder from published weights.
        readout: Use of the class token: ``cat``, ``add`` or ``ignore``, which suits transformers
            without one.
        options: Passed on to smp's DPT and so to timm; by default any size of image is taken.

    Raises:
        ValueError: If the transformer cannot be built so, or its weights are unavailable.
    """

    def __init__(
        self, encoder: str, pretrained: bool = True, readout: str = "cat", **options: Any
    ) -> None:
        super().__init__()
        wanted = {"dynamic_img_size": True, "decoder_readout": readout, **options}
        check_name(encoder)
        tag = timm_tag(encoder)
        if pretrained:
            check_published(encoder, tag)
        with explained(encoder):
            network = _build(encoder, pretrained, wanted)
        if pretrained:
            show(encoder, tag)
        self.colors = renormalization(tag.mean, tag.std)
        self.encoder, self.decoder = network.encoder, network.decoder
        # Layers after the last block that DPT reads.
        read = self.encoder._output_indices  # smp states it nowhere else
        self.encoder.model.prune_intermediate_layers(read, prune_norm=True)
        # The head is convolution, normalisation, ReLU; then dropout and the classifier.
        self.head = network.segmentation_head.head[:3]
        self.channels = self.head[0].out_channels
        # The coarsest map has twice the stride of the tokens.
        self.multiple = 2 * self.encoder.output_stride

    def forward(self, image: Float[Tensor, "b c H W"], auxiliary: bool = False) -> Features:
        padded = pad_to_multiple(self.colors(image), self.multiple)
        pixels = self.head(self.decoder(*self.encoder(padded)))
        return Features(crop(pixels, image, padded.shape[2] // pixels.shape[2]))


def _build(encoder: str, pretrained: bool, options: dict[str, Any]) -> smp.DPT:
    try:
        return smp.DPT(f"tu-{encoder}", encoder_weights=pretrained or None, **options)
    # Errors of smp and timm for other networks than plain transformers.
    except (ValueError, RuntimeError, TypeError, AssertionError) as error:
        raise ValueError(f"smp cannot build DPT on {encoder}: {error}") from error
