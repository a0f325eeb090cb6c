"""Run by test_lightweight.py: compiles each network, tiny, and compares with eager execution."""

from functools import partial

import torch
from torch import nn

from segadapt.models.decoders.aff import AFFDecoder
from segadapt.models.decoders.hamburger import LightHamDecoder
from segadapt.models.decoders.light import LightDecoder
from segadapt.models.encoder_decoder import EncoderDecoder
from segadapt.models.encoders.afformer import AFFormer
from segadapt.models.encoders.mscan import MSCAN
from segadapt.models.encoders.seaformer import SeaFormer

ENCODERS = {
    "mscan": lambda **options: MSCAN((4, 6, 8, 8), (1, 1, 2, 1), (2, 2, 2, 2), **options),
    "seaformer": lambda **options: SeaFormer(
        4,
        [[(3, 1, 4, 1), (3, 2, 6, 2)], [(5, 2, 8, 2)], [(3, 2, 8, 2)], [(5, 2, 8, 2)]],
        depths=(1, 1),
        keys=(3, 2),
        ratios=(2, 3),
        heads=2,
        **options,
    ),
    "afformer": lambda **options: AFFormer((8, 8, 16, 16), (1, 1, 1), **options),
}


NORM = partial(nn.GroupNorm, 2)
DECODERS = {
    "mscan": partial(LightHamDecoder, norm=NORM, channels=4, inner=4, rank=2),
    "seaformer": partial(LightDecoder, widths=(4, 6)),
    "afformer": partial(AFFDecoder, norm=NORM, channels=4),
}


def check(name):
    torch.manual_seed(0)
    network = EncoderDecoder(ENCODERS[name](drop_path=0.0), DECODERS[name])
    network.to(memory_format=torch.channels_last)
    compiled = torch.compile(network, fullgraph=True, backend="aot_eager")
    image = torch.randn(2, 3, 70, 33).contiguous(memory_format=torch.channels_last)

    def gradients(forward):
        torch.manual_seed(1)  # LightHam draws its bases
        pixels = forward(image).pixels
        return pixels, torch.autograd.grad(pixels.square().mean(), network.parameters())

    torch.testing.assert_close(gradients(compiled), gradients(network), rtol=1e-3, atol=1e-4)


if __name__ == "__main__":
    for name in ENCODERS:
        check(name)
        print(name)
