"""A training step of this checkout compared with that of an earlier commit, in one run.

Run it by ``segadapt benchmark step_beside [commit=080c984] [repeats=15] [threads=1]``.

Each side has a process of its own; they take turns, step by step, and their CPU time counts. The
earlier commit is checked out into a temporary folder and runs with the libraries of this one.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.harness.goals import Goal, numbers_of, publish
from benchmarks.harness.processes import running

from segadapt.analysis.cost.timing import ratio

ROOT: Final = Path(__file__).resolve().parents[1]
SERVER: Final = Path(__file__).with_name("harness") / "step_server.py"
COMMIT: Final = "080c984"
GOALS: Final = {"fixed": 0.75, "cac": 0.6, "ssa": 0.6}
"""Share of the earlier step's time that a classifier's may take."""

STEPS: Final = 3
"""Steps of one turn."""


def main(arguments: Sequence[str]) -> None:
    """Compare the steps of each classifier."""
    commit, rest = commit_of(arguments)
    repeats, threads = numbers_of(rest, repeats=15, threads=1)
    details: dict[str, Any] = {}
    goals: list[Goal] = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        earlier = stack.enter_context(checked_out(commit, Path(folder) / "tree"))
        sides = {
            "now": stack.enter_context(served(ROOT, threads)),
            "earlier": stack.enter_context(served(earlier, threads)),
        }
        for classifier, goal in GOALS.items():
            times = in_turns(sides, classifier, repeats)
            details[classifier] = times
            goals.append(Goal(f"{classifier}: step / that of {commit}", median_ratio(times), goal))
    title = (
        f"training step of tiny on digits' batches, CPU time, {threads} threads, beside commit "
        f"{commit}; medians of {repeats} alternating rounds of {STEPS} steps"
    )
    publish("step_beside", title, goals, {"commit": commit, "seconds": details})


def commit_of(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The commit to compare with, and the other arguments."""
    given = [word for word in arguments if word.startswith("commit=")]
    commit = given[-1].partition("=")[2] if given else COMMIT
    return commit, [word for word in arguments if word not in given]


@contextmanager
def checked_out(commit: str, folder: Path) -> Iterator[Path]:
    """A worktree of a commit, which is removed at the end.

    Raises:
        ValueError: If git has no such commit.
    """
    git = ["git", "-C", str(ROOT), "worktree"]
    made = subprocess.run(
        [*git, "add", "--detach", str(folder), commit], capture_output=True, text=True
    )
    if made.returncode:
        raise ValueError(f"git cannot check out commit={commit}: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True, capture_output=True)


@contextmanager
def served(root: Path, threads: int) -> Iterator[subprocess.Popen]:
    """A process that runs the steps of a checkout, one line for each."""
    environment = {**os.environ, "PYTHONPATH": str(root / "src")}
    command = [sys.executable, str(SERVER), str(root), str(threads)]
    pipe = subprocess.PIPE
    with running(command, stdin=pipe, stdout=pipe, env=environment) as process:
        yield process


def in_turns(
    sides: dict[str, subprocess.Popen], classifier: str, repeats: int
) -> dict[str, list[float]]:
    """Seconds of a step on both sides, in every round; the first two do not count."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(repeats + 2):
        for name in list(sides)[:: 1 if turn % 2 else -1]:
            times[name].append(asked(sides[name], classifier))
    return {name: values[2:] for name, values in times.items()}


def asked(process: subprocess.Popen, classifier: str) -> float:
    """CPU seconds of one step.

    Raises:
        ValueError: If the process has ended, with its own message on stderr.
    """
    assert process.stdin is not None
    assert process.stdout is not None
    print(classifier, STEPS, file=process.stdin, flush=True)
    answer = process.stdout.readline()
    if not answer:
        raise ValueError("a side of the comparison has ended; its message is above")
    return json.loads(answer) / STEPS


def median_ratio(times: dict[str, list[float]]) -> float:
    """Median over the rounds of the ratio now / earlier."""
    return ratio(times["now"], times["earlier"]).median
