"""One pass over a data set."""

from typing import NamedTuple

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from rich.console import Console
from rich.progress import track
from torch.utils.data import DataLoader

from segadapt.data.dataset import Labelled
from segadapt.data.module import collate
from segadapt.data.workers import start_worker
from segadapt.evaluation.branches import Measures
from segadapt.evaluation.examiner import Examiner, Findings
from segadapt.segmentor import Segmentor
from segadapt.structures import Batch


class Examined(NamedTuple):
    """What a pass over a data set found."""

    findings: Findings
    classes: tuple[str, ...]
    images: int
    inputs: set[tuple[int, int]]
    labels: set[tuple[int, int]]
    """Sizes of network inputs and of labels: rows, columns."""


def examine(model: Segmentor, cfg: DictConfig, console: Console) -> Examined:
    """Examine a network, with a progress bar.

    Args:
        model: Network.
        cfg: conf/evaluate.yaml, composed, with the ``data`` of the training.
        console: Where the progress goes.
    """
    device = torch.device(chosen_device(cfg.device))
    measures = Measures(tuple(cfg.measures.trimap), cfg.measures.boundary, cfg.measures.bins)
    examiner = Examiner(cfg.data.num_classes, instantiate(cfg.inference), measures).to(device)
    model = model.to(device).eval()
    dataset: Labelled = instantiate(cfg.data.module.val)
    loader = DataLoader(
        dataset,
        num_workers=cfg.data.num_workers,
        collate_fn=collate,
        worker_init_fn=start_worker,
    )
    inputs, labels, images = set(), set(), 0
    for batch in track(loader, "evaluating", len(loader), console=console):
        examiner.update(model, Batch(batch.image.to(device), batch.mask.to(device), batch.name))
        inputs.add((batch.image.shape[-2], batch.image.shape[-1]))
        labels.add((batch.mask.shape[-2], batch.mask.shape[-1]))
        images += len(batch.image)
    return Examined(examiner.findings(), dataset.classes, images, inputs, labels)


def chosen_device(device: str) -> str:
    """``auto`` is the GPU where there is one."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return device
