"""Class balance: class weights in the cross-entropy, and more frequent draws of rare images.

Both follow from a census of the training labels. The run folder stores it, so that a resumed run
continues with the same numbers even if the files have changed.
"""

import math
from pathlib import Path
from typing import Any, Final, NamedTuple

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from rich.console import Console

from segadapt.data.checks.label_census import LabelCensus, label_census
from segadapt.data.module import SegmentationDataModule
from segadapt.data.sampling import repeat_factors
from segadapt.files import write_json
from segadapt.losses.cross_entropy import CrossEntropy
from segadapt.losses.objective import Objective
from segadapt.losses.parts.class_weights import class_weights
from segadapt.text.bounded import MIB, read_object
from segadapt.text.tables import Table
from segadapt.training.meeting import on_first_rank

RARE: Final = ("none", "repeat")
"""Values of ``data.rare``."""

LIMIT: Final = 256 * MIB
"""Largest size of the stored file, in bytes."""


class Repetition(NamedTuple):
    """The settings ``data.rare`` and ``data.rare_threshold``."""

    rare: str
    threshold: float


class Balance(NamedTuple):
    """Class weights and repeats that follow from the census.

    Attributes:
        weights: Factor of each class in cross-entropy.
        repeats: Mean number of draws of each image per epoch; None if each is drawn once.
    """

    weights: list[float]
    repeats: list[float] | None


class ClassBalance(Callback):
    """Weighs the classes and repeats rare images from the first step on.

    Args:
        repetition: Settings of the repetition of rare images.
        file: File in the run folder with the census and its results.
        cache: Folder in which the census of a data set is cached.
        resumed: Whether the run has a checkpoint, so that the file exists.
        console: Console for the table; None for the terminal.
    """

    def __init__(
        self,
        repetition: Repetition,
        file: Path,
        cache: Path,
        resumed: bool,
        console: Console | None = None,
    ) -> None:
        self.repetition, self.file, self.cache = repetition, file, cache
        self.resumed, self.console = resumed, console or Console()
        self.balance: Balance | None = None

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Count the labels, or read the stored census, on the first rank, and share the result.

        Raises:
            ValueError: If a label or the stored file is damaged, or the loss has no class weights.
        """
        if stage != "fit" or self.balance is not None:
            return
        data: SegmentationDataModule = trainer.datamodule  # type: ignore[attr-defined]
        objective: Objective = pl_module.objective  # type: ignore[assignment]
        balances: list[Balance] = []
        on_first_rank(lambda: balances.append(self.settled(data, objective)))
        self.balance = trainer.strategy.broadcast(balances[0] if balances else None)
        assert self.balance is not None
        apply_balance(self.balance, data, objective)

    def settled(self, data: SegmentationDataModule, objective: Objective) -> Balance:
        """The balance stored in the run folder, computed and shown at the start of a run.

        Raises:
            ValueError: If a label or the stored file is damaged.
        """
        if self.resumed:
            return kept_balance(self.file, data.classes, len(data.train))
        census = label_census(data.train, self.cache)
        outcome = balance(census, objective, self.repetition)
        write_json(self.file, self._record(data.classes, census, objective, outcome))
        self.console.print(balance_table(data.classes, census, outcome))
        return outcome

    def _record(
        self, classes: tuple[str, ...], census: LabelCensus, objective: Objective, outcome: Balance
    ) -> dict[str, Any]:
        counted = zip(classes, census.pixels, census.images, outcome.weights, strict=True)
        return {
            "class_weight": objective.class_weight,
            "effective_beta": objective.effective_beta,
            **self.repetition._asdict(),
            "images": len(census.classes),
            "ignored_pixels": census.ignored,
            "classes": [
                {"name": name, "pixels": pixels, "images": images, "weight": weight}
                for name, pixels, images, weight in counted
            ],
            "repeats": outcome.repeats,
        }


def balance(census: LabelCensus, objective: Objective, repetition: Repetition) -> Balance:
    """Class weights and repeats by the rules of a run."""
    weights = class_weights(objective.class_weight, census.pixels, objective.effective_beta)
    repeats = None
    if repetition.rare == "repeat":
        factors = repeat_factors(census.classes, len(census.pixels), repetition.threshold)
        repeats = factors.tolist()
    return Balance(weights, repeats)


def apply_balance(outcome: Balance, data: SegmentationDataModule, objective: Objective) -> None:
    """Apply class weights and repeats to the loss and the data.

    Raises:
        ValueError: As :func:`weigh_classes`.
    """
    if objective.class_weight != "none":
        weigh_classes(objective, outcome.weights)
    if outcome.repeats is not None:
        data.repeats = np.array(outcome.repeats)


def weigh_classes(objective: Objective, weights: list[float]) -> None:
    """Set the class weights of every cross-entropy of an objective.

    Raises:
        ValueError: If the objective has no cross-entropy, or one already has weights.
    """
    losses = [loss for loss in objective.modules() if isinstance(loss, CrossEntropy)]
    if not losses:
        raise ValueError(
            f"loss.class_weight={objective.class_weight} weighs classes in cross-entropies, but "
            "this loss has none; set loss.class_weight=none"
        )
    if any(loss.weight is not None for loss in losses):
        raise ValueError(
            f"loss.class_weight={objective.class_weight} and the weight of a cross-entropy both "
            "weigh classes; remove one of them"
        )
    for loss in losses:
        loss.weight = torch.tensor(weights, dtype=torch.float32)


def kept_balance(file: Path, classes: tuple[str, ...], images: int) -> Balance:
    """Read the balance stored in a run folder.

    Args:
        file: File in the run folder.
        classes: Classes of the data set.
        images: Present number of training images.

    Raises:
        ValueError: If it is missing, damaged, or of another data set.
    """
    if not file.is_file():
        raise ValueError(
            f"{file} is missing, with the class weights of this run; restore it, or start a "
            "new run in another folder"
        )
    content = read_object(file, LIMIT)
    try:
        names = tuple(str(row["name"]) for row in content["classes"])
        weights = [_number(row["weight"], 0) for row in content["classes"]]
        repeats = content["repeats"]
        repeats = None if repeats is None else [_number(value, 1) for value in repeats]
        counted = content["images"]
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(f"{file} is damaged ({error}); restore it") from error
    if names != classes or counted != images or (repeats is not None and len(repeats) != images):
        raise ValueError(
            f"{file} was counted on {counted} training images with {len(names)} classes, but there "
            f"are {images} with {len(classes)} now; restore the data set, or start a new run"
        )
    return Balance(weights, repeats)


def _number(value: Any, least: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{str(value)[:40]!r} is not a number")
    if not (math.isfinite(value) and value >= least):
        raise ValueError(f"{value} is not a number of {least} or more")
    return float(value)


def balance_table(classes: tuple[str, ...], census: LabelCensus, outcome: Balance) -> Table:
    """Classes with their pixels, images and weights."""
    total = max(sum(census.pixels), 1)
    rows = [
        [name, f"{pixels:,}", f"{100 * pixels / total:.3f}", f"{images:,}", f"{weight:.4g}"]
        for name, pixels, images, weight in zip(
            classes, census.pixels, census.images, outcome.weights, strict=True
        )
    ]
    drawn = f"{len(census.classes)} images"
    if outcome.repeats is not None:
        rare = sum(value > 1 for value in outcome.repeats)
        drawn += (
            f"; {rare} of them with rare classes are drawn more often, the rarest "
            f"{max(outcome.repeats):.3g} times an epoch of {sum(outcome.repeats):.0f}"
        )
    head = ["class", "pixels", "%", "images", "weight"]
    return Table(head, rows, title="Training labels", caption=drawn)
