"""Training steps of one checkout, in a process of its own, each when it is asked for.

Run by step_beside.py with the ``src`` of a checkout on ``PYTHONPATH``; relies on what all have.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from hydra import compose, initialize_config_dir
from torch import Tensor

import segadapt
from segadapt.experiment import build_task

CELLS = 8
"""Patches of labels along each side."""


def main(root: str, threads: str) -> None:
    """Answer ``CLASSIFIER STEPS`` lines by the CPU seconds of so many steps, as JSON."""
    assert Path(segadapt.__file__).is_relative_to(root), segadapt.__file__
    torch.set_num_threads(int(threads))
    steps: dict[str, Callable[[], None]] = {}
    for line in sys.stdin:
        name, count = line.split()
        if name not in steps:
            steps[name] = step_of(Path(root), name)
        started = time.process_time()
        for _ in range(int(count)):
            steps[name]()
        print(json.dumps(time.process_time() - started), flush=True)


def step_of(root: Path, classifier: str) -> Callable[[], None]:
    """One training step of ``tiny`` on batches of digits' shape."""
    with initialize_config_dir(str(root / "conf"), version_base="1.3"):
        words = ["data=digits", "model=tiny", f"classifier={classifier}", "data.pretrained=false"]
        cfg = compose("train", words)
    torch.manual_seed(0)
    task = build_task(cfg)
    model, objective = task.model.to(memory_format=torch.channels_last).train(), task.objective
    optimizer = task.configure_optimizers()["optimizer"]
    height, width = cfg.data.crop
    image, mask = batch(cfg.data.batch_size, height, width, cfg.data.num_classes)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        prediction = model(image, mask)
        objective(prediction, mask).total.backward()
        optimizer.step()
        model.classifier.update(prediction)

    return step


def batch(images: int, height: int, width: int, num_classes: int) -> tuple[Tensor, Tensor]:
    """Noise, and labels in patches, one in thirty of them ignored."""
    draw = torch.Generator().manual_seed(0)
    image = torch.randn(images, 3, height, width, generator=draw)
    patches = torch.randint(num_classes, (images, 1, CELLS, CELLS), generator=draw)
    ignored = torch.rand(patches.shape, generator=draw) < 1 / 30
    labels = patches.masked_fill(ignored, 255).float()
    mask = F.interpolate(labels, size=(height, width), mode="nearest")[:, 0].long()
    return image.contiguous(memory_format=torch.channels_last), mask


if __name__ == "__main__":
    main(*sys.argv[1:])
