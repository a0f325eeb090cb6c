"""Context of the parts of the GPU benchmark, and the files of their figures."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from benchmarks.harness.goals import Goal
from benchmarks.harness.measure import built, setting_of
from benchmarks.harness.options import CONFIGS, Options
from benchmarks.harness.steps import Parts
from omegaconf import DictConfig

from segadapt.experiment import build_task
from segadapt.files import write_json

ROOT = Path(__file__).resolve().parents[2]


class Shape(NamedTuple):
    """Network and batch that are timed."""

    model: str
    size: int
    batch: int
    classes: int
    repeats: int


LARGE = Shape("upernet_swin", 512, 16, 150, 10)
SMALL = Shape("tiny", 64, 2, 11, 2)
"""Shape for trying the command on a CPU."""


class Context:
    """Options and figures of a part of the benchmark.

    Args:
        device: ``cuda`` or ``cpu``; on a CPU everything is small.
        seconds: Until the part is stopped.
        file: Where its figures are written.
        camvid: Folder of CamVid.
        weights: MobileNetV2's weights.
    """

    def __init__(
        self, device: str, seconds: float, file: Path, camvid: Path, weights: Path
    ) -> None:
        self.device = torch.device(device)
        self.end = time.monotonic() + seconds
        self.file, self.camvid, self.weights = file, camvid, weights
        self.goals: list[Goal] = []
        self.details: dict[str, Any] = {}

    @property
    def small(self) -> bool:
        return self.device.type == "cpu"

    @property
    def shape(self) -> Shape:
        return SMALL if self.small else LARGE

    @property
    def left(self) -> float:
        """Seconds until the part is stopped."""
        return self.end - time.monotonic()

    def keep(self, goals: Sequence[Goal], **details: Any) -> None:
        """Add figures and write all figures, so that a part that is stopped keeps them."""
        self.goals += goals
        self.details |= details
        judged = [{**goal._asdict(), "reached": goal.reached} for goal in self.goals]
        write_json(self.file, {"goals": judged, "details": self.details})

    def parts(
        self, classifiers: Sequence[str], model: str | None = None, words: Sequence[str] = ()
    ) -> dict[str, Parts]:
        """Networks of the context's shape, by classifier.

        Args:
            classifiers: Names of conf/classifier.
            model: Of conf/model; None: that of the shape.
            words: Overrides of the config.
        """
        shape = self.shape
        options = Options(
            model=(model or shape.model,),
            classifier=tuple(classifiers),
            device=self.device.type,
            size=shape.size,
            batch=shape.batch,
            num_classes=shape.classes,
            overrides=tuple(words),
        )
        return built(options, CONFIGS, self.task, model or shape.model)[0]

    @staticmethod
    def task(config: DictConfig) -> Any:
        return build_task(config)

    def setting(self, compiled: bool = False) -> Any:
        """Conditions of a timing: bfloat16 autocast on a GPU."""
        options = Options(device=self.device.type, compile=compiled, repeats=self.shape.repeats)
        return setting_of(options)


def read(file: Path) -> dict[str, Any]:
    """The stored figures of a part; empty if it was stopped before the first one."""
    return json.loads(file.read_text()) if file.is_file() else {"goals": [], "details": {}}
