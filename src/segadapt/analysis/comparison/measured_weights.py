"""Check that an evaluation measured the weights with which its training ended."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from segadapt.analysis.comparison.evaluations import command_of
from segadapt.analysis.comparison.form import LARGE
from segadapt.runs.config import value_at
from segadapt.runs.file_names import CHECKPOINTS, REPORT
from segadapt.text.bounded import read_object

LAST: Final = "last.ckpt"


def check_weights(
    report: Mapping[str, Any], file: Path, folder: Path, state: Mapping[str, Any]
) -> None:
    """Check that a report is of the run's own weights, as they were when the run ended.

    A run may have been lengthened after its evaluation, and evaluations of earlier versions with
    ``checkpoint=FILE`` could replace a report by that of another run. Fields that earlier versions
    lack are not compared.

    Args:
        report: Report of an evaluation.
        file: Its file.
        folder: Run folder.
        state: Content of run.json.

    Raises:
        ValueError: If it is of other weights; names the command that evaluates the run again.
    """
    checkpoint = value_at(report, "protocol.checkpoint") or {}
    own, theirs = state.get("id"), value_at(checkpoint, "run.id")
    if None not in (own, theirs) and own != theirs:
        raise ValueError(
            f"{file} is of weights of run {theirs}, but the folder is of run {own}; move it to "
            f"another folder, and evaluate this run: {command_of(folder, file.stem)}"
        )
    if checkpoint.get("own") is False:  # a file outside the folder, chosen by its report's name
        return
    if reason := _outdated(checkpoint, folder):
        raise ValueError(f"{file} {reason}; evaluate it again: {command_of(folder, file.stem)}")


def _outdated(checkpoint: Mapping[str, Any], folder: Path) -> str | None:
    """The difference of a report's weights from the present ones; None if there is none."""
    name, sha256, step = (checkpoint.get(key) for key in ("file", "sha256", "step"))
    if name is None:
        return None
    end = _end(folder) if name == LAST else {}
    final, expected = end.get("step"), value_at(end, "protocol.checkpoint.sha256")
    if None not in (step, final) and step != final:
        return f"is of step {step}, but the run ended at step {final}"
    expected = expected or _digest(folder / CHECKPOINTS / Path(name).name)
    if None in (sha256, expected) or sha256 == expected:
        return None
    at = "" if step is None else f" (step {step})"
    return f"is of earlier weights{at} than {CHECKPOINTS}/{Path(name).name} holds now"


def _end(folder: Path) -> Mapping[str, Any]:
    """The report of the end of a training; empty without one."""
    file = folder / REPORT
    return read_object(file, LARGE) if file.is_file() else {}


def _digest(file: Path) -> str | None:
    """The digest of a checkpoint; None if it is not in the folder any more."""
    from segadapt.runs.checkpoint import digest  # imports torch

    return digest(file)
