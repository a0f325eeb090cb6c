"""Measured ratios beside the goals of the project, as a table and a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.harness.measure import stamp
from rich.console import Console

from segadapt.analysis.cost.machine import machine
from segadapt.files import write_json
from segadapt.text.choices import unknown
from segadapt.text.tables import Table

RESULTS = Path(__file__).parents[1] / "results"


class Goal(NamedTuple):
    """A figure and its goal."""

    what: str
    measured: float
    goal: float
    unit: str = "x"
    at_least: bool = False

    @property
    def reached(self) -> bool:
        """Whether the figure is on the right side of the goal."""
        return self.measured >= self.goal if self.at_least else self.measured <= self.goal


def publish(name: str, title: str, goals: Sequence[Goal], details: dict[str, Any]) -> None:
    """Print the goals and write ``results/NAME.json``.

    Args:
        name: Name of the file.
        title: What was measured and how.
        goals: Figures with their goals.
        details: Everything else that was measured, for the file.
    """
    console = Console(highlight=False)
    console.print(goal_table(title, goals))
    file = file_of(name)
    judged = [{**goal._asdict(), "reached": goal.reached} for goal in goals]
    write_json(file, {**stamp(machine()), "title": title, "goals": judged, **details})
    console.print(f"written: {file}", soft_wrap=True)


def file_of(name: str) -> Path:
    """The file with the figures of a benchmark."""
    return RESULTS / f"{name}.json"


def goal_table(title: str, goals: Sequence[Goal]) -> Table:
    """One line for each figure."""
    rows = [
        [
            goal.what,
            f"{goal.measured:.3g} {goal.unit}",
            f"{'>=' if goal.at_least else '<='} {goal.goal:g} {goal.unit}",
            "yes" if goal.reached else "no",
        ]
        for goal in goals
    ]
    return Table(["what", "measured", "goal", "reached"], rows, title=title)


def numbers_of(arguments: Sequence[str], **defaults: int) -> tuple[int, ...]:
    """``NAME=NUMBER`` arguments of a command line, in the order of their defaults.

    Raises:
        ValueError: If an option is unknown, or its value is not a positive number.
    """
    numbers = dict(defaults)
    for argument in arguments:
        key, _, text = argument.partition("=")
        if key not in numbers:
            raise ValueError(unknown("option", argument, (f"{name}=NUMBER" for name in defaults)))
        if not text.isdecimal() or int(text) < 1:
            raise ValueError(f"{key}={text} is not a positive number; set it to 1 or more")
        numbers[key] = int(text)
    return tuple(numbers.values())
