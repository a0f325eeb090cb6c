"""A training, measured again from its run folder."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from segadapt.evaluation.examination import Examined, chosen_device, examine
from segadapt.evaluation.serial import findings_as_json
from segadapt.evaluation.subject import measured_data
from segadapt.inference import described, named
from segadapt.protocol import RULES, provenance
from segadapt.report import headline, table, write_json
from segadapt.run_reader import Run
from segadapt.segmentor import Segmentor
from segadapt.weights import Weights, read_weights, with_weights


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
    found = examine(model, cfg, console)
    scores = {name: branch.scores for name, branch in found.findings.branches.items()}

    way = instantiate(cfg.inference)
    name = "-".join([named(way), weights.file.stem, *([cfg.split] if cfg.split != "val" else [])])
    file = run.folder / "evaluation" / f"{name}.json"
    protocol = stamp(cfg, run, weights, found, time.perf_counter() - started)
    write_json(file, {**findings_as_json(found.findings, found.classes), "protocol": protocol})

    console.print(table(scores, found.classes, f"{cfg.data.name} {cfg.split}, {name}"))
    state = "" if run.state == "finished" else f" (of a training that is {run.state})"
    lines = [headline(scores), f"checkpoint: step {weights.step}{state}", f"report: {file}"]
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    return file


def stamp(
    cfg: DictConfig, run: Run, weights: Weights, found: Examined, seconds: float
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
        "inference": described(instantiate(cfg.inference)),
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


def _span(sizes: set[tuple[int, int]]) -> dict[str, Any]:
    """Smallest and largest of many sizes, by area."""
    ordered = sorted(sizes, key=lambda size: size[0] * size[1])
    return {"smallest": ordered[0], "largest": ordered[-1], "different": len(ordered)}
