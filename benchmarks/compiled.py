"""Families of networks that torch.compile traces as one graph, with a check of gradients.

Run it by ``segadapt benchmark compiled [NAME ...]``; it writes its section of docs/models.md, or
prints the lines of the named models only. It compiles as ``trainer.compile`` does
(:mod:`segadapt.training.compiled`) and compares as the start of a compiled training does.
"""

from collections.abc import Sequence
from typing import Final

import torch
from benchmarks.harness.page import write_section
from hydra import compose, initialize_config_dir
from torch import nn
from torch._dynamo.exc import TorchDynamoException

from segadapt.cli.places import CONF
from segadapt.experiment import build_task
from segadapt.segmentor import Segmentor
from segadapt.structures import Batch
from segadapt.training.compiled import CompiledHalves
from segadapt.training.gradient_check import compared
from segadapt.training.unused_parameters import freeze_unused

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
"""Size that is not a multiple of 16 or 32, so that all padding is traced."""

IMAGES: Final = 2

INTRODUCTION: Final = f"""\
This table shows whether `trainer.compile` can compile one small member of each family with the
fixed classifier, on {IMAGES} training images of {SIZE[0]} x {SIZE[1]}, without the last stage of
the compiler (backend `aot_eager`). "yes" means that generator and classifier are one graph each,
with the same gradients as in eager execution; otherwise the reason is given. `segadapt benchmark
compiled` writes this table.

| model | one graph, same gradients |
|---|---|
"""


def main(names: Sequence[str]) -> None:
    """Trace every family and write the section, or print the lines of some models."""
    lines = []
    for name in names or FAMILIES:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            words = ["data=synthetic", f"model={name}", "classifier=fixed", "data.pretrained=false"]
            config = compose("train", words)
        task = build_task(config)
        freeze_unused(task.model, task.objective, config.data.num_classes)
        lines.append(f"| {name} | {traced(task.model, task.objective, config.data.num_classes)} |")
        print(lines[-1], flush=True)
    if not names:
        write_section("torch.compile", INTRODUCTION + "\n".join(lines))


def traced(model: Segmentor, objective: nn.Module, num_classes: int) -> str:
    """Whether both halves of a network are one graph each, with the gradients of eager execution.

    Args:
        model: Network.
        objective: What is minimised.
        num_classes: Number of classes.
    """
    torch.compiler.reset()
    draw = torch.Generator().manual_seed(0)
    image = torch.randn(IMAGES, 3, *SIZE, generator=draw)
    mask = torch.randint(num_classes, (IMAGES, *SIZE), generator=draw)
    halves = CompiledHalves(model.train(), "default", backend="aot_eager", fullgraph=True)
    try:
        verdict = compared(model, halves, objective, Batch(image, mask, [""] * IMAGES))
    except TorchDynamoException as error:
        reason = str(error).strip().splitlines()[0].replace("|", "/")
        return f"no: {type(error).__name__}: {reason}"
    if not verdict.wrong:
        return "yes"
    return f"one graph, but gradients {verdict.errors[verdict.wrong[0]]:.0e} apart"
