"""``segadapt compare``: tables and figures of run folders."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from segadapt.analysis.comparison.arms import arms
from segadapt.analysis.comparison.comparability import machines, versions
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
from segadapt.text.choices import unknown
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
    """Collect runs, print their table, and write files.

    Args:
        paths: Run folders, or folders of sweeps.
        baseline: Arm with which the others are compared; None for the first.
        outputs: Files to write; the suffix decides the type.
        plots: Folder for figures, or None.
        each: Whether to list the arms without comparing them.
        count: Counts the cost of a run's network; None to skip it.
        time: Times the networks of runs side by side; None to skip it.
        evaluation: Name of an evaluation, such as ``slide-last``, whose reports are compared; None
                    for the reports at the end of the trainings.
        check: Checks unresolved configs, from which networks are built if costs are counted.
        power: Whether to add a table of the effects that the given seeds can detect.
        gains: Whether to add tables that show where gains come from.
        look: Draws images for a page; None shows only names and numbers.
        images: Number of images with the largest gain, and with the largest loss, per arm on a
            page.

    Raises:
        ValueError: If there is nothing to compare, or the runs are not comparable.
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
            types = (f".{ending}" for ending in WRITERS)
            raise ValueError(unknown("file type", file.suffix, types, f"of {file}"))


def _collect(paths: Sequence[Path], evaluation: str | None, check: Check) -> Collected:
    """The runs that can be compared; notes give the reasons for skipping others."""
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
    skipped = [f"skipped: {text}" for text in collected.problems]
    return [*skipped, *versions(collected.results), *machines(collected.results)]
