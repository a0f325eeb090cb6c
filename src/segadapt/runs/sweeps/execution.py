"""Execution of a sweep: running the due trials, and recording the state of all."""

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console

from segadapt.runs.sweeps.folder import SweepFolder, TrialRow
from segadapt.runs.sweeps.table import table
from segadapt.runs.sweeps.trial import (
    BUSY,
    FAILED,
    FINISHED,
    INTERRUPTED,
    Trial,
    TrialStatus,
    trial_status,
)
from segadapt.text.invocation import command
from segadapt.text.terminal import say

Launch = Callable[[Sequence[Trial]], object]


class Unfinished(Exception):
    """Raised when a sweep has ended, but not all of its trials have a value."""


@contextmanager
def recorded(trials: Sequence[Trial], folder: SweepFolder, console: Console) -> Iterator[None]:
    """Store and show the table of a sweep at the end of a block, even if that is interrupted.

    Args:
        trials: All trials of the sweep; the block may add some.
        folder: Its folder, held by this process.
        console: Console for the table.
    """
    folder.record(rows(trials))
    try:
        yield
    finally:
        after = rows(trials)
        folder.record(after)
        print_table(after, folder, console)


def run_due_trials(trials: Sequence[Trial], launch: Launch, retries: int, console: Console) -> None:
    """Run the trials that are due.

    Args:
        trials: The trials; each is passed once per start of the sweep.
        launch: Runs trials.
        retries: Number of times a failed trial is retried, over all starts of the sweep.
        console: Console for messages about the others.
    """
    before = rows(trials)
    for trial, state in before:
        if message := _plans(trial, state, retries):
            say(console, message)
    if due := [trial for trial, state in before if state.is_due(retries)]:
        launch(due)


def rows(trials: Sequence[Trial]) -> list[TrialRow]:
    """The trials with their current status."""
    return [(trial, trial_status(trial)) for trial in trials]


def print_table(rows: Sequence[TrialRow], folder: SweepFolder, console: Console) -> None:
    """Show a sweep, with the cause of each failure."""
    console.print(table(rows, f"Sweep in {folder.path}"))
    for trial, state in rows:
        if state.state == FAILED:
            say(console, f"trial {trial.number} failed: {state.causes[-1]}")
    if any(state.state == FINISHED for _, state in rows):
        say(console, f"compare with: {command('compare')} {shlex.quote(str(folder.path))}")


def check_finished(rows: Sequence[TrialRow], retries: int) -> None:
    """Check that all trials of a sweep have finished.

    Args:
        rows: Its trials with their current status.
        retries: Number of times a failed trial is retried.

    Raises:
        Unfinished: If a trial has no value.
    """
    without = [(trial, state) for trial, state in rows if state.state != FINISHED]
    if not without:
        return
    names = ", ".join(f"{trial.number} ({state.state})" for trial, state in without)
    sentences = [f"{len(without)} of {len(rows)} trials have no value: {names}"]
    if due := _numbers(trial for trial, state in without if state.is_due(retries)):
        sentences.append(f"rerun the same command with the same hydra.sweep.dir to continue {due}")
    if left := _numbers(trial for trial, state in without if _is_left(state, retries)):
        sentences.append(
            f"{left} failed too often to be retried: raise hydra.sweeper.retries={retries}, or "
            "remove the folder of a trial"
        )
    raise Unfinished("; ".join(sentences))


def _is_left(state: TrialStatus, retries: int) -> bool:
    return state.state == FAILED and not state.is_due(retries)


def _numbers(trials: Iterable[Trial]) -> str:
    return ", ".join(str(trial.number) for trial in trials)


def _plans(trial: Trial, state: TrialStatus, retries: int) -> str | None:
    """A message about the treatment of a trial in a restarted sweep."""
    name, times = f"trial {trial.number}", len(state.causes)
    match state.state:
        case str(word) if word == FINISHED:
            return f"{name} is finished"
        case str(word) if word == INTERRUPTED:
            return f"{name} was interrupted; it resumes from its last checkpoint"
        case str(word) if word == BUSY:
            return f"{name} is being trained by another process; it is skipped"
        case str(word) if word == FAILED and state.is_due(retries):
            return f"{name} failed before ({state.causes[-1]}); it is retried"
        case str(word) if word == FAILED:
            often = "" if state.closed else f" {times} times"
            return (
                f"{name} failed{often} ({state.causes[-1]}); it is skipped; remove {trial.folder} "
                "to retry it"
            )
    return None
