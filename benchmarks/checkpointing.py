"""Memory saved by activation checkpointing: bytes kept for the backward pass.

Run it by ``segadapt benchmark checkpointing [NAME ...]``; it writes its section of docs/models.md,
or prints the lines of the named models only. Nothing is computed: the tensors have shapes and no
values, so that sizes for which no machine has the memory are counted, too.
"""

from collections.abc import Sequence
from typing import Final

import torch
from benchmarks.harness.page import write_section
from hydra import compose, initialize_config_dir
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.func import functional_call

from segadapt.cli.places import CONF
from segadapt.experiment import build_task

MODELS: Final = (
    "upernet_swin",
    "upernet_swin_large",
    "upernet_vit_adapter_large",
    "upernet_convnext_tiny",
    "segformer_mit_b0",
    "segformer_mit_b5",
)
IMAGES: Final = 16
SIDE: Final = 512

INTRODUCTION: Final = f"""\
This table shows the memory that networks with the fixed classifier need for the backward pass of
{IMAGES} images of {SIDE} x {SIDE} in single precision, in addition to parameters, gradients and the
state of the optimiser; and with `model.encoder.checkpointing=true`, which computes the blocks of
the encoder twice. Mixed precision needs about half. Memory is counted on tensors without values,
with fused attention. `segadapt benchmark checkpointing` writes this table.

| model | GiB | with checkpointing |
|---|---|---|
"""


def main(names: Sequence[str]) -> None:
    """Count every model and write the section, or print the lines of some models."""
    lines = []
    for name in names or MODELS:
        plain, twice = (kept_bytes(name, checkpointing) for checkpointing in (False, True))
        lines.append(f"| {name} | {plain / 2**30:.1f} | {twice / 2**30:.1f} |")
        print(lines[-1], flush=True)
    if not names:
        write_section("Activation checkpointing", INTRODUCTION + "\n".join(lines))


def kept_bytes(name: str, checkpointing: bool, images: int = IMAGES, side: int = SIDE) -> int:
    """Bytes that a network in training mode keeps for the backward pass, without its parameters.

    Args:
        name: Of the model.
        checkpointing: Whether the blocks of its encoder are computed twice.
        images: Number of images.
        side: Their rows and columns.
    """
    with initialize_config_dir(str(CONF), version_base="1.3"):
        words = ["data=synthetic", f"model={name}", "classifier=fixed", "data.pretrained=false"]
        switch = f"model.encoder.checkpointing={str(checkpointing).lower()}"
        config = compose("train", [*words, switch])
    model, fake = build_task(config).model.train(), FakeTensorMode()
    state: dict[str, Tensor] = {key: fake.from_tensor(x) for key, x in _tensors(model).items()}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage._cdata] = storage.nbytes()
        return tensor

    with fake, torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        image = torch.empty(images, 3, side, side).contiguous(memory_format=torch.channels_last)
        mask = torch.zeros(images, side, side, dtype=torch.long)
        prediction = functional_call(model, state, (image, mask))
    assert prediction.student.logits.grad_fn is not None
    own = {tensor.untyped_storage()._cdata for tensor in state.values()}
    return sum(size for storage, size in kept.items() if storage not in own)


def _tensors(model: nn.Module) -> dict[str, Tensor]:
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}
