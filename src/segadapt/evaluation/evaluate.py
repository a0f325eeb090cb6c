"""Evaluation of a training from its run folder."""

import math
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from segadapt.evaluation.dataset_pass import evaluate_dataset
from segadapt.evaluation.device import check_measures, with_device
from segadapt.evaluation.earlier_protocols import completed
from segadapt.evaluation.inference.settings import short_name
from segadapt.evaluation.metrics.per_image import (
    LABELLED,
    PerImage,
    read_per_image,
    write_per_image,
)
from segadapt.evaluation.precision import with_precision
from segadapt.evaluation.protocol import examined_images, is_own, of_run, stamp, whose
from segadapt.evaluation.report.html_page import page
from segadapt.evaluation.report.json_report import findings_as_json
from segadapt.evaluation.report.table import headline, table
from segadapt.evaluation.trained import Weights, load_trained
from segadapt.files import replace_text, write_json
from segadapt.runs.config import value_at
from segadapt.runs.environment import provenance
from segadapt.runs.file_names import CHECKPOINTS, EVALUATION, PER_IMAGE, REPORT
from segadapt.runs.reader import Run
from segadapt.runs.renamed_targets import with_targets_renamed
from segadapt.text.bounded import MIB, read_object
from segadapt.text.terminal import say

STATES: Final = {"running": "is running", "interrupted": "was interrupted", "failed": "failed"}
"""Note about a training that has not finished."""

REPORT_LIMIT: Final = 32 * MIB
"""Largest size of a report that is read, in bytes."""


def evaluate(cfg: DictConfig, run: Run, console: Console) -> Path:
    """Evaluate a run, print its table, and write its report as JSON, with page and counts.

    If the training's own report describes the same measurement, the counts (``per_image.npz``) are
    also stored in the run folder, for comparisons of trainings that lack them.

    Args:
        cfg: conf/evaluate.yaml, composed.
        run: The training.
        console: Where to print.

    Returns:
        The report's JSON file.

    Raises:
        ValueError: If the weights or the data do not match the run's config, or the device cannot
            measure.
    """
    provenance()  # of the code that is loaded, before the checkout can change
    started, cfg = time.perf_counter(), with_device(cfg)
    check_measures(cfg.device)
    precision = with_precision(cfg, run)
    trained = load_trained(run, cfg.split, cfg.data.root)
    weights = trained.weights
    # Inference may refer to the crop of the data.
    cfg = OmegaConf.create({**cfg, "data": trained.data, "precision": precision})
    measured = evaluate_dataset(trained.model, trained.dataset, cfg, console)
    report = {
        **findings_as_json(measured.findings, measured.classes),
        "images": [
            {"name": name, "miou": None if math.isnan(miou) else miou}
            for name, miou in measured.images
        ],
        "protocol": stamp(
            cfg, run, weights, examined_images(measured), time.perf_counter() - started
        ),
    }
    split = [cfg.split] if cfg.split != "val" else []
    name = "-".join([short_name(instantiate(cfg.inference)), _stem(run, weights), *split])
    results = {branch: metrics.scores for branch, metrics in measured.findings.branches.items()}
    state = "" if run.state == "finished" else f" (of a training that {STATES[run.state]})"
    # Shown before anything is written, so that a full disk does not lose hours of computation.
    console.print(table(results, measured.classes, f"{cfg.data.name} {cfg.split}, {name}"))
    step = f"checkpoint: step {weights.step}{state}{of_run(run, weights)}"
    say(console, headline(results), step)
    file = _free(run, name, report["protocol"])
    write_json(file, report)
    if note := _keep_counts(run, file, report["protocol"], measured.per_image):
        say(console, note)
    shown = file.with_suffix(".html")
    replace_text(shown, page(report, measured.gallery.worst, measured.gallery.best))
    say(console, f"report: {file}", f"page: {shown}")
    return file


def _stem(run: Run, weights: Weights) -> str:
    """The name of weights in that of their report.

    Other weights never take the name of the run's own ones, so that ``compare`` finds these.
    """
    stem = weights.file.stem
    own = (run.folder / CHECKPOINTS / weights.file.name).is_file()
    return f"{stem}-of-{weights.sha256[:8]}" if own and not is_own(run, weights) else stem


def _free(run: Run, name: str, protocol: dict[str, Any]) -> Path:
    """File of a report: replaces one with the same settings, but never one with others.

    A report of the run's own weights replaces one of an earlier step, but never one of the weights
    of another run.
    """
    folder = run.folder / EVALUATION
    number, file = 1, folder / f"{name}.json"
    while file.is_file() and not _alike(_protocol(file, run), protocol, run):
        number += 1
        file = folder / f"{name}-{number}.json"
    return file


def _alike(earlier: dict[str, Any], protocol: dict[str, Any], run: Run) -> bool:
    """Whether an existing report has the same settings and source, so that it may be replaced."""
    settings = all(earlier.get(key) == protocol.get(key) for key in ("inference", "precision"))
    sources = [whose(stated.get("checkpoint"), run) for stated in (earlier, protocol)]
    return settings and sources[0] == sources[1]


def _protocol(file: Path, run: Run) -> dict[str, Any]:
    """The protocol of an existing report, completed to that of this version."""
    report = completed(
        with_targets_renamed(read_object(file, REPORT_LIMIT)), run.config, run.folder
    )
    protocol = report.get("protocol")
    return protocol if isinstance(protocol, dict) else {}


def _keep_counts(run: Run, file: Path, protocol: dict[str, Any], images: PerImage) -> str | None:
    """Store counts beside a report and, where they belong to the training's, in the run folder.

    Counts of other labels never replace the training's, because its report would keep their mIoU.

    Returns:
        A sentence if the labels are not those that the training counted, else None.
    """
    write_per_image(file.with_suffix(".npz"), images)
    own, kept = run.folder / REPORT, run.folder / PER_IMAGE
    if not own.is_file() or _measurement(_protocol(own, run)) != _measurement(protocol):
        return None
    if kept.is_file():
        before = read_per_image(kept)
        if before.names != images.names:
            return None
        if not np.array_equal(before.counts[:, LABELLED], images.counts[:, LABELLED]):
            return (
                f"{kept} is kept: the labelled pixels of some images are not those that the "
                f"training counted, so the labels have changed since; {file.with_suffix('.npz')} "
                "has the counts of this evaluation"
            )
    write_per_image(kept, images)
    return None


def _measurement(protocol: dict[str, Any]) -> tuple[Any, ...]:
    """Conditions that decide an image's counts: the weights, the images and the inference."""
    keys = ("checkpoint.sha256", "data.split", "data.images", "inference", "precision")
    return tuple(value_at(protocol, key) for key in keys)
