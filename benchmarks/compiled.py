"""Which families of networks torch.compile traces as one graph, and whether numbers stay.

Run it by ``segadapt benchmark compiled [NAME ...]``; it writes its section of
docs/models.md, or prints the lines of the named models only. The small member of every family is
traced with the backend ``eager``, in training with gradients and in evaluation of a single image.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import torch
from benchmarks.harness.page import write_section
from benchmarks.models import composed
from hydra.utils import instantiate
from torch import nn
from torch._dynamo.exc import TorchDynamoException

FAMILIES: Final = (
    "tiny",
    "fcn_mobilenetv2",
    "deeplabv3plus_mobilenetv2",
    "ocrnet_hrnet18",
    "upernet_resnet50",
    "upernet_swin",
    "segformer_mit_b0",
    "segnext_tiny",
    "seaformer_base",
    "afformer_tiny",
    "cgrseg_base",
    "upernet_vit_adapter_small",
    "upernet_convnext_tiny",
    "upernet_convnextv2_nano",
    "upernet_dinov3_vit_small",
    "linear_dinov3_vit_small",
    "upernet_sam2_hiera_tiny",
    "smp_unet",
    "smp_dpt",
)
"""One small member of each."""

SIZE: Final = (96, 120)
"""Of no multiple of 16 or 32, so that whatever pads is traced."""

INTRODUCTION: Final = f"""\
`torch.compile(fullgraph=True, backend="eager")` of one small member of each family, on images of
{SIZE[0]} x {SIZE[1]}: "yes" where there is one graph whose result is eager's, else why not. Written
by `segadapt benchmark compiled`.

| model | training, 2 images | evaluation, 1 image |
|---|---|---|
"""


def main(names: Sequence[str]) -> None:
    """Trace every family and write the section, or print the lines of some models."""
    lines = []
    for name in names or FAMILIES:
        config = composed(name)
        found = [traced(instantiate(config), images) for images in (2, 1)]
        lines.append(f"| {name} | {' | '.join(found)} |")
        print(lines[-1], flush=True)
    if not names:
        write_section("torch.compile", INTRODUCTION + "\n".join(lines))


def traced(model: nn.Module, images: int) -> str:
    """Whether a network is one graph: in training where there are several images.

    Args:
        model: The network.
        images: Of the batch.
    """
    model.train(images > 1)
    batch = torch.randn(images, 3, *SIZE, generator=torch.Generator().manual_seed(0))
    torch.compiler.reset()
    try:
        with torch.set_grad_enabled(images > 1):
            found = _seeded(torch.compile(model, fullgraph=True, backend="eager"), batch)
            expected = _seeded(model, batch)
    except TorchDynamoException as error:
        reason = str(error).strip().splitlines()[0].replace("|", "/")
        return f"no: {type(error).__name__}: {reason}"
    apart = ((found - expected).norm() / expected.norm()).item()
    return "yes" if apart < 1e-4 else f"one graph, but {apart:.0e} apart"


def _seeded(network: Callable[..., Any], batch: torch.Tensor) -> torch.Tensor:
    """Features with the same draws of dropout and of SegNeXt's bases each time."""
    torch.manual_seed(0)
    return network(batch).pixels
