"""Run folders of networks that have learnt nothing, to be loaded and used."""

import json
from pathlib import Path

import cv2
import numpy as np
import torch
from benchmarks.harness.settled import settle_batch_norm
from compositions import composed
from omegaconf import OmegaConf
from torch import nn

from segadapt.experiment import build_task
from segadapt.functional.normalization import MEAN, STD

PARTS = ("data", "model", "classifier", "inference", "trainer", "seed", "paths")


def write_run(
    folder: Path,
    *overrides: str,
    scale: float = 8.0,
    settled: bool = False,
    wide: bool = False,
    **facts: object,
) -> Path:
    """A run folder; its classifier's weights are enlarged, so that scores differ between classes.

    Args:
        folder: To make.
        overrides: Of the training.
        scale: Factor of the last layer.
        settled: Whether the statistics of batch norm are those of scenes, as after a training; with
            others, scores of deep networks grow beyond what float32 resolves.
        wide: Whether features before the last batch norm have a variance beyond half precision, as
            after some trainings.
        facts: Further entries of run.json.
    """
    cfg = composed("model=tiny", "trainer=cpu", f"paths.run='{folder}'", *overrides)
    torch.manual_seed(0)
    task = build_task(cfg)
    with torch.no_grad():
        for name, value in task.model.classifier.named_parameters():
            if name.startswith(("coarse", "score")):
                value.mul_(scale)
    if settled:
        settle_batch_norm(task.model.generator, small_scenes())
    if wide:
        widen_features(*task.model.generator.decoder.smooth[:2])
    (folder / "checkpoints").mkdir(parents=True)
    OmegaConf.save(OmegaConf.masked_copy(cfg, PARTS), folder / "config.yaml", resolve=True)
    state = {"state_dict": task.state_dict(), "global_step": 4}
    torch.save(state, folder / "checkpoints" / "last.ckpt")
    (folder / "run.json").write_text(json.dumps({"state": "finished", **facts}))
    return folder


@torch.no_grad()
def widen_features(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    """Multiply features before a batch norm; its output stays the same."""
    convolution.weight.mul_(512)
    norm.running_mean.mul_(512)
    norm.running_var.mul_(512**2)


def small_scenes() -> torch.Tensor:
    """Eight normalised scenes of 64 x 96 pixels."""
    large = [scene(256, 384, seed) for seed in range(1, 9)]
    small = [cv2.resize(image, (96, 64), interpolation=cv2.INTER_AREA) for image in large]
    normalised = (np.stack(small) / 255 - MEAN) / STD
    return torch.from_numpy(normalised.transpose(0, 3, 1, 2)).float()


def scene(height: int, width: int, seed: int = 0) -> np.ndarray:
    """An image of coloured blocks under noise."""
    generator = np.random.default_rng(seed)
    blocks = generator.integers(0, 256, (-(-height // 16), -(-width // 16), 3))
    large = blocks.repeat(16, 0).repeat(16, 1)[:height, :width]
    return (large + generator.normal(0, 12, large.shape)).clip(0, 255).astype(np.uint8)
