"""A training, measured again from its run folder."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from rich.console import Console
from rich.progress import track
from torch.utils.data import DataLoader

from segadapt.data.dataset import Labelled
from segadapt.data.module import collate
from segadapt.data.workers import start_worker
from segadapt.evaluator import Evaluator
from segadapt.metrics import Scores
from segadapt.protocol import RULES, provenance
from segadapt.report import as_json, headline, table, write_json
from segadapt.run_reader import Run
from segadapt.segmentor import Segmentor
from segadapt.structures import Batch
from segadapt.weights import Weights, read_weights, with_weights


class Measured(NamedTuple):
    """What a pass over a data set found."""

    scores: dict[str, Scores]
    classes: tuple[str, ...]
    images: int
    inputs: set[tuple[int, int]]
    labels: set[tuple[int, int]]
    """Sizes of network inputs and of labels: rows, columns."""


def evaluate(
    cfg: DictConfig, run: Run, build_model: Callable[[DictConfig], Segmentor], console: Console
) -> Path:
    """Measure a run, print its table and write its report.

    Args:
        cfg: conf/evaluate.yaml, composed.
        run: The training.
        build_model: Makes the network from a training's config.
        console: Where to print.

    Returns:
        The report's file.

    Raises:
        ValueError: If the weights or the data are not what the run's config says.
    """
    started = time.perf_counter()
    weights = read_weights(run.checkpoint)
    data = measured_data(run.config.data, cfg.split, cfg.data.root)
    cfg = OmegaConf.create({**cfg, "data": data})  # inference may refer to the crop
    model = with_weights(build_model(run.config), weights)
    found = measure(model, cfg, console)

    way = cfg.inference._target_.rpartition(".")[2]
    name = "-".join([way, weights.file.stem, *([cfg.split] if cfg.split != "val" else [])])
    file = run.folder / "evaluation" / f"{name}.json"
    protocol = stamp(cfg, run, weights, found, time.perf_counter() - started)
    write_json(file, {"results": as_json(found.scores, found.classes), "protocol": protocol})

    console.print(table(found.scores, found.classes, f"{cfg.data.name} {cfg.split}, {name}"))
    state = "" if run.state == "finished" else f" (of a training that is {run.state})"
    lines = [headline(found.scores), f"checkpoint: step {weights.step}{state}", f"report: {file}"]
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    return file


def measure(model: Segmentor, cfg: DictConfig, console: Console) -> Measured:
    """One pass over the data set, with a progress bar."""
    device = torch.device(chosen_device(cfg.device))
    evaluator = Evaluator(cfg.data.num_classes, instantiate(cfg.inference)).to(device)
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
        evaluator.update(model, Batch(batch.image.to(device), batch.mask.to(device), batch.name))
        inputs.add((batch.image.shape[-2], batch.image.shape[-1]))
        labels.add((batch.mask.shape[-2], batch.mask.shape[-1]))
        images += len(batch.image)
    return Measured(evaluator.scores(), dataset.classes, images, inputs, labels)


def measured_data(trained: DictConfig, split: str, root: str | None) -> DictConfig:
    """The data of a training, with another split or in another place.

    Args:
        trained: ``data`` of the training's config.
        split: Part to measure.
        root: Folder of the data set now, or None where it has not moved.

    Raises:
        ValueError: If the data set has no such part, or no folder.
    """
    data = OmegaConf.to_container(trained)
    assert isinstance(data, dict)
    if root is not None:
        if "root" not in data:
            raise ValueError(f"data set {data['name']} has no folder; leave data.root out")
        data = _moved(data, data["root"], root)
    if split != "val":
        if "split" not in data["module"]["val"]:
            raise ValueError(f"data set {data['name']} has no split {split!r}, only val")
        data["module"]["val"]["split"] = split
    return OmegaConf.create(data)


def stamp(
    cfg: DictConfig, run: Run, weights: Weights, found: Measured, seconds: float
) -> dict[str, Any]:
    """Under what conditions the numbers were measured."""
    return {
        "data": {
            "name": cfg.data.name,
            "split": cfg.split,
            "images": found.images,
            "input_size": _span(found.inputs),
            "label_size": _span(found.labels),
        },
        "inference": OmegaConf.to_container(cfg.inference, resolve=True),
        **RULES,
        "run": {"folder": str(run.folder.resolve()), "state": run.state},
        "checkpoint": {
            "file": weights.file.name,
            "sha256": weights.sha256,
            "step": weights.step,
        },
        "software": provenance(),
        "device": chosen_device(cfg.device),
        "seconds": round(seconds, 3),
    }


def chosen_device(device: str) -> str:
    """``auto`` is the GPU where there is one."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return device


def _span(sizes: set[tuple[int, int]]) -> dict[str, Any]:
    """Smallest and largest of many sizes, by area."""
    ordered = sorted(sizes, key=lambda size: size[0] * size[1])
    return {"smallest": ordered[0], "largest": ordered[-1], "different": len(ordered)}


def _moved(node: Any, old: str, new: str) -> Any:
    """A config in which the paths below ``old`` are below ``new``."""
    match node:
        case dict():
            return {key: _moved(value, old, new) for key, value in node.items()}
        case list():
            return [_moved(value, old, new) for value in node]
        case str() if node == old or node.startswith(f"{old}/"):
            return new + node[len(old) :]
    return node
