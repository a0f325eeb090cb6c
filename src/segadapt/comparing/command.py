"""``scripts/report.py``: from folders to tables and figures."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table

from segadapt.comparing.arms import arms
from segadapt.comparing.comparison import Comparison, compare
from segadapt.comparing.costs import cost
from segadapt.comparing.runs import Collected, collect
from segadapt.comparing.stamps import versions
from segadapt.comparing.writers import WRITERS, cells
from segadapt.files import replace_text
from segadapt.segmentor import Segmentor


def report(
    paths: Sequence[Path],
    baseline: str | None,
    outputs: Sequence[Path],
    plots: Path | None,
    each: bool,
    build_model: Callable[[DictConfig], Segmentor] | None,
) -> Comparison:
    """Collect runs, print their table, write files.

    Args:
        paths: Run folders, or folders of sweeps.
        baseline: Arm that the others are compared with; None takes the first.
        outputs: Files to write; their endings say what.
        plots: Folder for figures, or None.
        each: List without comparing.
        build_model: Makes a network, to count its parameters; None leaves that out.

    Raises:
        ValueError: If there is nothing to compare, or it is not comparable.
    """
    for file in outputs:
        if file.suffix[1:] not in WRITERS:
            there = ", ".join(f".{ending}" for ending in WRITERS)
            raise ValueError(f"{file} ends in none of {there}")
    collected = collect(paths)
    for problem in collected.problems:
        print(f"left out: {problem}", file=sys.stderr)
    if not collected.results:
        raise ValueError("none of the runs is finished with a report; nothing to compare")
    found, notes = arms(collected.results)
    counted = (lambda result: cost(result, build_model)) if build_model else None
    comparison = compare(found, baseline, counted, [*_left_out(collected), *notes], each)
    show(comparison)
    for file in outputs:
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_text(file, WRITERS[file.suffix[1:]](comparison))
        print(f"written: {file}")
    if plots is not None:
        from segadapt.comparing.figures import draw

        for file in draw(found, comparison, plots):
            print(f"drawn: {file}")
    return comparison


def show(comparison: Comparison) -> None:
    """Print the table, and the notes below."""
    head, *body = cells(comparison)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for index, name in enumerate(head):
        table.add_column(name, justify="right" if index else "left", overflow="fold")
    for line in body:
        table.add_row(*line)
    console = Console()
    console.print(table)
    for note in comparison.notes:
        console.print(f"- {note}", highlight=False, markup=False, soft_wrap=True)


def _left_out(collected: Collected) -> list[str]:
    return [f"left out: {text}" for text in collected.problems] + versions(collected.results)
