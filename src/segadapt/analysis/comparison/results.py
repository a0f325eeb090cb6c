"""Results of finished trainings; unreadable ones are reported and never averaged."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from segadapt.analysis.comparison.evaluations import command_of, options_of
from segadapt.analysis.comparison.form import LARGE, check_config, check_report, check_times
from segadapt.analysis.comparison.measured_weights import check_weights
from segadapt.analysis.comparison.paper_numbers import departures, title
from segadapt.evaluation.earlier_protocols import completed
from segadapt.evaluation.metrics.per_image import PerImage, read_per_image
from segadapt.locks import true_state
from segadapt.runs.built_parts import COUNTED, check_parts
from segadapt.runs.config import resolved
from segadapt.runs.file_names import (
    ATTEMPTS,
    CONFIG,
    EVALUATION,
    METRICS,
    PER_IMAGE,
    REPORT,
    STATE,
    SWEEP,
)
from segadapt.runs.lengthening import current_words
from segadapt.runs.metrics_table import STEP, read_rows
from segadapt.runs.overrides import quoted_override
from segadapt.runs.reader import read_facts
from segadapt.runs.renamed_targets import with_targets_renamed
from segadapt.runs.stored_config import read_config, read_overrides
from segadapt.runs.trust import Check, check_names
from segadapt.text.bounded import read_object
from segadapt.text.invocation import command

"""File in which a sweep lists its trials, including planned ones."""


class Result(NamedTuple):
    """One finished training."""

    folder: Path
    config: dict[str, Any]
    overrides: tuple[str, ...]
    state: Mapping[str, Any]
    """run.json."""
    report: Mapping[str, Any]
    """Report of the training, or of an evaluation."""
    per_image: PerImage | None
    """Per-image counts; None in runs of earlier versions, to which ``segadapt evaluate`` adds
    them."""

    @property
    def seed(self) -> int:
        return self.config["seed"]

    @property
    def miou(self) -> float:
        """MIoU of the student at the end, as a fraction."""
        return self.report["results"]["student"]["miou"]

    @property
    def published(self) -> Mapping[str, Any] | None:
        return self.config.get("published")

    @property
    def printed(self) -> float | None:
        """The paper's mIoU in percent, at several scales if the run was measured so."""
        seen = self.inference.get("_target_", "")
        key = "miou_ms" if seen.endswith(".multiscale") else "miou"
        number = (self.published or {}).get(key)
        return None if number is None else float(number)

    @property
    def inference(self) -> Mapping[str, Any]:
        """The inference of its report; for earlier versions, that of the config."""
        return self.report.get("protocol", {}).get("inference") or self.config["inference"]

    @property
    def departures(self) -> list[str]:
        """Known departures from the conditions of the paper's number."""
        there = self.published
        if not there or not there.keys() >= {"data", "model", "steps"}:
            return []
        typed = [word.removeprefix("model=") for word in self.overrides if word[:6] == "model="]
        model = typed[-1] if typed else there["model"]  # the experiment's, unless overridden
        data = self.config["data"]
        return departures(there, data["name"], model, data["steps"])

    @property
    def label(self) -> str | None:
        """Label given by its experiment; for the papers' tables, the name of the row."""
        return title(self.published) if self.published else self.config.get("label")


class Collected(NamedTuple):
    """Results, and a note for each folder without one."""

    results: list[Result]
    problems: list[str]


def collect(
    paths: Iterable[Path], evaluation: str | None = None, check: Check = check_names
) -> Collected:
    """Read run folders, and all run folders below folders of sweeps.

    Args:
        paths: Run folders, or folders of sweeps.
        evaluation: Name of the report that ``segadapt evaluate`` wrote into each, such as
            ``slide-last``; None for the report at the end of each training.
        check: Checks unresolved configs; names are enough if no network is built.

    Raises:
        ValueError: If a path is not a folder, or holds no run.
    """
    collected = Collected([], [])
    for path in paths:
        if _beside_trials(path):  # SWEEP/* includes them
            collected.problems.extend(_never_begun(path) if path.name == SWEEP else [])
            continue
        if not path.is_dir():
            raise ValueError(f"{path} is not a folder; pass run folders, or folders of sweeps")
        folders = sorted(_folders(path))
        if not folders:
            raise ValueError(f"{path} does not contain a run: there is no run.json in it or below")
        collected.problems.extend(text for plan in path.rglob(SWEEP) for text in _never_begun(plan))
        for folder in folders:
            try:
                collected.results.append(read(folder, evaluation, check))
            except (ValueError, OSError) as error:
                collected.problems.append(str(error))
    return collected


def _beside_trials(path: Path) -> bool:
    """Whether this is a file of a sweep rather than one of its numbered trials."""
    return (path.parent / SWEEP).is_file() and not path.name.isdecimal()


def _never_begun(plan: Path) -> list[str]:
    """A note about the planned trials of a sweep that have not started."""
    try:
        trials = _trials(plan)
    except (ValueError, OSError) as error:
        return [str(error)]
    missing = [name for name in trials if not (plan.parent / name / STATE).is_file()]
    if not missing:
        return []
    some = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
    return [f"{plan.parent}: {len(missing)} of {len(trials)} trials never started ({some})"]


def _trials(plan: Path) -> list[str]:
    """Names of the folders of a sweep's trials."""
    try:
        return [str(int(trial["trial"])) for trial in read_object(plan, LARGE).get("trials", [])]
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"{plan} is not the table of a sweep ({error!r})") from None


def read(folder: Path, evaluation: str | None = None, check: Check = check_names) -> Result:
    """Read one run with the report of its training or of an evaluation.

    Raises:
        ValueError: If it did not finish, or has no valid report of its own weights.
    """
    state = read_facts(folder)
    if state["state"] != "finished":
        raise ValueError(f"{folder}: {_unfinished(folder, state)}")
    file, counts = _files(folder, evaluation)
    report = with_targets_renamed(read_object(file, LARGE))
    check_report(report, file)
    if evaluation is not None:
        check_weights(report, file, folder, state)
    check_times(state, folder / STATE)
    stored = read_config(folder, check)
    config = resolved(stored)
    check_config(config, folder / CONFIG)
    words = current_words(read_overrides(folder) or [], config)
    if check is not check_names:  # its network is built to count the cost
        check_parts(stored, folder / CONFIG, COUNTED)
    images = read_per_image(counts) if counts.is_file() else None
    report = completed(report, config, folder)
    return Result(folder, config, tuple(words), state, report, images)


def _unfinished(folder: Path, state: Mapping[str, Any]) -> str:
    match true_state(folder, state.get("state", "without a state")):
        case "interrupted":
            again = f"{command('resume')} {quoted_override('run', folder)}"
            return f"the run was interrupted; resume it with: {again}"
        case said:
            return f"the run is {said}" + (f": {state['cause']}" if state.get("cause") else "")


def curve(folder: Path, name: str) -> list[tuple[int, float]]:
    """Pairs (optimiser step, value) of a column of metrics.csv; empty if it was never logged."""
    file = folder / METRICS
    _, rows = read_rows(file)
    try:
        return [(int(row[STEP]), float(row[name])) for row in rows if row.get(name)]
    except ValueError as error:
        raise ValueError(f"{file} is damaged: {name} is not a number ({error})") from error


def _folders(path: Path) -> Iterator[Path]:
    if (path / STATE).is_file():
        yield path
        return
    for state in path.rglob(STATE):
        if state.parts[-3:-2] != (ATTEMPTS,):  # earlier attempts without a checkpoint
            yield state.parent


def _files(folder: Path, evaluation: str | None) -> tuple[Path, Path]:
    """The files of a run's report and of its per-image counts."""
    if evaluation is None:
        if not (file := folder / REPORT).is_file():
            raise ValueError(f"{folder}: finished, but without report.json (callbacks=none?)")
        return file, folder / PER_IMAGE
    reports = folder / EVALUATION
    file = reports / f"{evaluation}.json"
    if not file.is_file():
        there = ", ".join(sorted(one.stem for one in reports.glob("*.json"))) or "none"
        again, known = command_of(folder, evaluation), options_of(evaluation) is not None
        writes = "writes it" if known else "and its settings write such reports"
        raise ValueError(
            f"{folder}: evaluation/{file.name} is missing (available: {there}); {again} {writes}"
        )
    return file, file.with_suffix(".npz")
