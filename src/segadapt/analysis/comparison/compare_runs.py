"""``scripts/compare.py``: from folders to tables and figures."""

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from segadapt.analysis.comparison.arms import arms
from segadapt.analysis.comparison.comparability import versions
from segadapt.analysis.comparison.comparison import Comparison, compare
from segadapt.analysis.comparison.costs import Cost, Latency
from segadapt.analysis.comparison.results import Collected, Result, collect
from segadapt.analysis.comparison.writers import COSTS, WRITERS, Cells, cells
from segadapt.files import replace_text
from segadapt.runs.trust import Check, check_names
from segadapt.text.borders import print_line
from segadapt.text.invocation import command
from segadapt.text.terminal import cell, say

ARM = 20
"""Characters that the name of an arm gets beside all columns, or the costs go to a second table."""

GAP = 2
"""Blanks between columns."""


def report(
    paths: Sequence[Path],
    baseline: str | None,
    outputs: Sequence[Path],
    plots: Path | None,
    each: bool,
    count: Callable[[Result], Cost] | None,
    time: Callable[[Sequence[Result]], Sequence[Latency | None]] | None = None,
    evaluation: str | None = None,
    check: Check = check_names,
) -> Comparison:
    """Collect runs, print their table, write files.

    Args:
        paths: Run folders, or folders of sweeps.
        baseline: Arm that the others are compared with; None takes the first.
        outputs: Files to write; their endings say what.
        plots: Folder for figures, or None.
        each: List without comparing.
        count: Counts what the network of a run costs; None leaves that out.
        time: Times the networks of runs side by side; None leaves that out.
        evaluation: Name of an evaluation, such as ``slide-last``, whose reports are compared; None
            takes those that the trainings ended with.
        check: Looks at unresolved configs, of which networks are built where costs are counted.

    Raises:
        ValueError: If there is nothing to compare, or it is not comparable.
    """
    for file in outputs:
        if file.suffix[1:].lower() not in WRITERS:
            there = ", ".join(f".{ending}" for ending in WRITERS)
            raise ValueError(f"Unknown file type of {file}; available: {there}")
    collected = collect(paths, evaluation, check)
    for problem in collected.problems:
        print_line(f"skipped: {problem}", error=True)
    if not collected.results:
        number = len(collected.problems)
        report = "report.json" if evaluation is None else f"evaluation/{evaluation}.json"
        raise ValueError(
            f"There is nothing to compare: none of the {number} runs is finished and has "
            f"{report}; the reasons are above"
        )
    found, notes = arms(collected.results)
    said = [*_left_out(collected), *notes]
    if evaluation is not None:
        said.append(f"measured by {command('evaluate')}: evaluation/{evaluation}.json of each run")
    comparison = compare(found, baseline, count, said, each, time)
    show(comparison)
    for file in outputs:
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_text(file, WRITERS[file.suffix[1:].lower()](comparison))
        print_line(f"written: {file}")
    if plots is not None:
        from segadapt.analysis.comparison.plots import draw

        for file in draw(found, comparison, plots):
            print_line(f"drawn: {file}")
    return comparison


def show(comparison: Comparison, console: Console | None = None) -> None:
    """Print the table, its costs apart where the terminal is narrow, and the notes below.

    Args:
        comparison: What to show.
        console: Where to; None: the terminal.
    """
    console = console or Console()
    lines = cells(comparison)
    tables = [lines]
    if _room(lines, console.width) < min(ARM, _longest(lines)):
        apart = [index for index, name in enumerate(lines[0]) if name in COSTS]
        rest = [index for index in range(len(lines[0])) if index not in apart]
        tables = [[[line[i] for i in kept] for line in lines] for kept in (rest, [0, *apart])]
    for part in tables:
        console.print(_table(part, console.width))
    for note in comparison.notes:
        say(console, f"- {note}")


def _table(lines: Cells, width: int) -> Table:
    """Numbers stay whole; heads and the names of arms are folded where there is no room."""
    table = Table(box=None, header_style="bold", padding=(0, GAP, 0, 0), pad_edge=False)
    name = max(min(_room(lines, width), _longest(lines)), 1)
    table.add_column(lines[0][0], width=name, overflow="fold")
    for head, digits in zip(lines[0][1:], _widths(lines), strict=True):
        table.add_column(cell(head), width=digits, overflow="fold", justify="right")
    for line in lines[1:]:
        table.add_row(*map(cell, line))
    return table


def _widths(lines: Cells) -> list[int]:
    """Characters of each column of numbers: its longest cell, or word of its head."""
    columns = list(zip(*lines, strict=True))[1:]
    return [max(map(len, [*head.split(), *cells])) for head, *cells in columns]


def _room(lines: Cells, width: int) -> int:
    """What the numbers leave of a line to the names of arms."""
    return width - sum(digits + GAP for digits in _widths(lines))


def _longest(lines: Cells) -> int:
    return max(len(line[0]) for line in lines)


def _left_out(collected: Collected) -> list[str]:
    return [f"skipped: {text}" for text in collected.problems] + versions(collected.results)
