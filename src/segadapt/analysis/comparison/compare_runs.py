"""``segadapt compare``: from folders to tables and figures."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from segadapt.analysis.comparison.arms import arms
from segadapt.analysis.comparison.comparability import versions
from segadapt.analysis.comparison.comparison import Comparison, compare
from segadapt.analysis.comparison.costs import Cost, Latency
from segadapt.analysis.comparison.page.images import Look
from segadapt.analysis.comparison.results import Collected, Result, collect
from segadapt.analysis.comparison.terminal_tables import show
from segadapt.analysis.comparison.writers import WRITERS, as_html
from segadapt.files import replace_text
from segadapt.runs.file_names import EVALUATION, REPORT
from segadapt.runs.trust import Check, check_names
from segadapt.text.borders import print_line
from segadapt.text.invocation import command


def compare_runs(
    paths: Sequence[Path],
    baseline: str | None,
    outputs: Sequence[Path],
    plots: Path | None,
    each: bool,
    count: Callable[[Result], Cost] | None,
    time: Callable[[Sequence[Result]], Sequence[Latency | None]] | None = None,
    evaluation: str | None = None,
    check: Check = check_names,
    power: bool = False,
    gains: bool = False,
    look: Look | None = None,
    images: int = 0,
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
        power: Add a table of what the given seeds can detect.
        gains: Add tables of where gains come from.
        look: Draws images for a page; None shows their names and numbers only.
        images: How many that were gained most on, and lost most on, a page shows for each arm.

    Raises:
        ValueError: If there is nothing to compare, or it is not comparable.
    """
    _check_types(outputs)
    collected = _collect(paths, evaluation, check)
    compared, notes = arms(collected.results)
    notes = [*_skipped(collected), *notes]
    if evaluation is not None:
        report = f"{EVALUATION}/{evaluation}.json"
        notes.append(f"measured by {command('evaluate')}: {report} of each run")
    comparison = compare(compared, baseline, count, notes, each, time, power, gains)
    show(comparison)
    page = partial(as_html, look=look, images=images)
    writers: dict[str, Callable[[Comparison], str]] = {**WRITERS, "html": page}
    for file in outputs:
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_text(file, writers[file.suffix[1:].lower()](comparison))
        print_line(f"written: {file}")
    if plots is not None:
        from segadapt.analysis.comparison.plots import draw

        for file in draw(compared, comparison, plots):
            print_line(f"drawn: {file}")
    return comparison


def _check_types(outputs: Sequence[Path]) -> None:
    for file in outputs:
        if file.suffix[1:].lower() not in WRITERS:
            available = ", ".join(f".{ending}" for ending in WRITERS)
            raise ValueError(f"Unknown file type of {file}; available: {available}")


def _collect(paths: Sequence[Path], evaluation: str | None, check: Check) -> Collected:
    """The runs that can be compared; a note below the table says why others cannot."""
    collected = collect(paths, evaluation, check)
    if not collected.results:
        for problem in collected.problems:
            print_line(f"skipped: {problem}", error=True)
        number = len(collected.problems)
        report = REPORT if evaluation is None else f"{EVALUATION}/{evaluation}.json"
        raise ValueError(
            f"There is nothing to compare: none of the {number} runs is finished and has "
            f"{report}; the reasons are above"
        )
    return collected


def _skipped(collected: Collected) -> list[str]:
    return [f"skipped: {text}" for text in collected.problems] + versions(collected.results)
