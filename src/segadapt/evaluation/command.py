"""A training, measured again from its run folder."""

import math
import time
from collections.abc import Callable
from pathlib import Path

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from segadapt.evaluation.examination import examine
from segadapt.evaluation.page import page
from segadapt.evaluation.serial import findings_as_json
from segadapt.evaluation.stamp import stamp
from segadapt.evaluation.subject import measured_data
from segadapt.files import replace_text
from segadapt.inference import named
from segadapt.report import headline, table, write_json
from segadapt.run_reader import Run
from segadapt.segmentor import Segmentor
from segadapt.weights import read_weights, with_weights


def evaluate(
    cfg: DictConfig, run: Run, build_model: Callable[[DictConfig], Segmentor], console: Console
) -> Path:
    """Measure a run, print its table and write its report, as JSON and as a page beside it.

    Args:
        cfg: conf/evaluate.yaml, composed.
        run: The training.
        build_model: Makes the network from a training's config.
        console: Where to print.

    Returns:
        The report's JSON file.

    Raises:
        ValueError: If the weights or the data are not what the run's config says.
    """
    started = time.perf_counter()
    weights = read_weights(run.checkpoint)
    data = measured_data(run.config.data, cfg.split, cfg.data.root)
    cfg = OmegaConf.create({**cfg, "data": data})  # inference may refer to the crop
    model = with_weights(build_model(run.config), weights)
    found = examine(model, cfg, console)
    report = {
        **findings_as_json(found.findings, found.classes),
        "images": [
            {"name": name, "miou": None if math.isnan(miou) else miou}
            for name, miou in found.images
        ],
        "protocol": stamp(cfg, run, weights, found, time.perf_counter() - started),
    }
    split = [cfg.split] if cfg.split != "val" else []
    name = "-".join([named(instantiate(cfg.inference)), weights.file.stem, *split])
    file = run.folder / "evaluation" / f"{name}.json"
    write_json(file, report)
    shown = file.with_suffix(".html")
    replace_text(shown, page(report, found.gallery.worst, found.gallery.best))

    results = {branch: one.scores for branch, one in found.findings.branches.items()}
    console.print(table(results, found.classes, f"{cfg.data.name} {cfg.split}, {name}"))
    state = "" if run.state == "finished" else f" (of a training that is {run.state})"
    lines = [headline(results), f"checkpoint: step {weights.step}{state}", f"report: {file}"]
    for line in [*lines, f"page: {shown}"]:
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    return file
