"""A trained network out of a run folder."""

from pathlib import Path
from typing import Any, Final

from hydra.utils import instantiate
from omegaconf import OmegaConf

from segadapt.data.label_table.reading import read_table
from segadapt.data.label_table.table import LabelTable
from segadapt.deployment.loading.data_facts import data_facts
from segadapt.deployment.loading.trained_network import (
    TrainedNetwork,
    built_network,
    check_used_parts,
    checked_parts,
)
from segadapt.evaluation.precision import precision_of
from segadapt.evaluation.trained import Weights, read_run_weights
from segadapt.runs.config import value_at
from segadapt.runs.file_names import CONFIG, TABLE
from segadapt.runs.reader import Run, read_facts, read_run
from segadapt.runs.trust import trusting
from segadapt.text.bounded import MIB, read_object

REPORT: Final = "report.json"


def from_run(
    folder: Path, checkpoint: str = "last", trust: bool = False, device: str = "cpu"
) -> TrainedNetwork:
    """Read the network of a training; neither its data set nor a hub is needed.

    Args:
        folder: Run folder.
        checkpoint: ``last``, ``best`` or a file.
        trust: Whether its config may build classes that are not on the allow-list.
        device: Device of the predictions, for trainings that did not record their precision.

    Raises:
        ValueError: If there is no such run or checkpoint, or it is not to be trusted.
    """
    run = read_run(str(folder), checkpoint, trusting if trust else checked_parts)
    check_used_parts(run.config, folder / CONFIG)
    weights = read_run_weights(run.checkpoint)
    report = _report(folder)
    return TrainedNetwork(
        built_network(run.config, weights.tensors, str(weights.file)),
        run.config,
        data_facts(run.config, _names(folder, report), _table(folder)),
        instantiate(run.config.inference),
        precision_of(run, device),
        _info(run, weights, report),
        run.folder,
    )


def _report(folder: Path) -> dict[str, Any]:
    """The results of the training's last validation; empty if there was none."""
    file = folder / REPORT
    return read_object(file, 32 * MIB) if file.is_file() else {}


def _table(folder: Path) -> LabelTable | None:
    """The label table stored in the run, if its data set has its own."""
    file = folder / TABLE
    return read_table(file) if file.is_file() else None


def _names(folder: Path, report: dict[str, Any]) -> list[str] | None:
    """Class names stored in the run."""
    kept = read_facts(folder).get("classes")
    if kept is not None:
        return kept
    rows = value_at(report, "results.student.classes")
    return [str(row["name"]) for row in rows] if isinstance(rows, list) else None


def _info(run: Run, weights: Weights, report: dict[str, Any]) -> dict[str, Any]:
    """The origin of a network, and the measurement of exactly these weights."""
    measured = value_at(report, "protocol.checkpoint.sha256") == weights.sha256
    return {
        "source": str(run.folder),
        "state": run.state,
        "checkpoint": weights.file.name,
        "sha256": weights.sha256,
        "step": weights.step,
        "classifier": _part(run, "classifier"),
        "model": _part(run, "model"),
        "miou": value_at(report, "results.student.miou") if measured else None,
        "protocol": report.get("protocol") if measured else None,
        "per_class": value_at(report, "results.student.classes") if measured else None,
    }


def _part(run: Run, name: str) -> str:
    """The class that a part of the network is built of."""
    return str(OmegaConf.select(run.config, f"{name}._target_")).rpartition(".")[2]
