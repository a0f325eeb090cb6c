"""Summary of a training: printed at its end, and stored in report.json and per_image.npz."""

import os
from pathlib import Path
from typing import Any, cast

import lightning as L
from lightning.pytorch.callbacks import Callback
from rich.console import Console

from segadapt.evaluation.evaluator import MeasuredTask
from segadapt.evaluation.inference.settings import settings_of
from segadapt.evaluation.metrics.confusion_matrix import Scores
from segadapt.evaluation.metrics.per_image import PerImage, write_per_image
from segadapt.evaluation.protocol import RULES
from segadapt.evaluation.report.json_report import as_json
from segadapt.evaluation.report.table import headline, table
from segadapt.files import sha256, write_json
from segadapt.runs.checkpoint import LAST
from segadapt.runs.environment import provenance
from segadapt.runs.file_names import CHECKPOINTS, PER_IMAGE, REPORT
from segadapt.runs.overrides import quoted_override
from segadapt.structures import ignored_label
from segadapt.text.invocation import command
from segadapt.text.terminal import say
from segadapt.training.callbacks.compilation import compilation, sentence
from segadapt.training.loggers.wandb_tracker import trackers


class Summary(Callback):
    """Stores the scores of the last validation by class, and prints them at the end.

    Args:
        folder: Run folder.
        console: Console; None for the terminal.
    """

    def __init__(self, folder: str | Path, console: Console | None = None) -> None:
        self.folder, self.console = Path(folder), console or Console()
        self.results: dict[str, Scores] = {}
        self.classes: tuple[str, ...] = ()
        self.inference: dict[str, Any] = {}
        self.step = self.images = 0
        self.per_image: PerImage | None = None

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        task = cast(MeasuredTask, pl_module)
        self.results, self.per_image, self.step = task.results, task.images, trainer.global_step
        val = trainer.datamodule.val  # type: ignore[attr-defined] # set by fit
        measured = len(val) if task.images is None else len(task.images.names)
        self.classes, self.images = val.classes, measured  # fewer with trainer.limit_val_batches
        self.inference = settings_of(task.evaluator.inference)
        columns = ["class", *(f"iou_{branch}" for branch in self.results)]
        iou = [scores.iou.tolist() for scores in self.results.values()]
        for tracker in trackers(trainer):
            tracker.log_table(
                "classes", columns, list(zip(self.classes, *iou, strict=True)), self.step
            )

    def on_fit_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if not (trainer.is_global_zero and self.results):
            return
        report = {
            "step": self.step,
            "results": as_json(self.results, self.classes),
            "protocol": {
                "data": {"split": "val", "images": self.images, "classes": len(self.classes)},
                "inference": self.inference,
                "precision": str(trainer.precision),
                **RULES,
                "ignore_index": ignored_label(len(self.classes)),
                "checkpoint": self._checkpoint(),
                "software": provenance(),
            },
        }
        if self.per_image is not None:
            write_per_image(self.folder / PER_IMAGE, self.per_image)
        write_json(self.folder / REPORT, report)
        self.console.print(table(self.results, self.classes, f"Validation at step {self.step}"))
        lines = [headline(self.results), f"run folder: {nearby(self.folder)}"]
        compiled = compilation(trainer)
        if compiled is not None and compiled.seconds is not None:
            lines.insert(1, sentence(compiled.seconds))
        for tracker in trackers(trainer):
            tracker.finalize("success")  # so that all its values are counted
            lines.append(tracker.account())
        lines += [f"evaluate it with: {evaluate_command(self.folder)}"]
        say(self.console, *lines)

    def _checkpoint(self) -> dict[str, str] | None:
        """File and digest of the last checkpoint, if it exists; its weights were measured."""
        file = self.folder / CHECKPOINTS / LAST
        return {"file": file.name, "sha256": sha256(file)} if file.is_file() else None


def evaluate_command(folder: Path) -> str:
    """The command that evaluates a run."""
    return f"{command('evaluate')} {quoted_override('run', nearby(folder))}"


def nearby(path: Path) -> Path:
    """The path relative to the current folder, if it is below it."""
    relative = Path(os.path.relpath(path))
    return path if relative.parts[:1] == ("..",) else relative
