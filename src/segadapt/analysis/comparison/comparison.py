"""A comparison of arms as rows: measured numbers, their uncertainty, and printed numbers."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from segadapt.analysis.comparison.arms import Arm, find
from segadapt.analysis.comparison.comparability import check_comparable
from segadapt.analysis.comparison.costs import Cost, Latency, minutes
from segadapt.analysis.comparison.factors import contrast_section, factor_section
from segadapt.analysis.comparison.gains import border_section, branch_section, class_section
from segadapt.analysis.comparison.intervals import LEVEL, Difference, difference
from segadapt.analysis.comparison.learning import learning_section
from segadapt.analysis.comparison.multiplicity import holm
from segadapt.analysis.comparison.other_intervals import other_intervals_section
from segadapt.analysis.comparison.power import detectable, power_section
from segadapt.analysis.comparison.results import Result
from segadapt.analysis.comparison.sections import Section
from segadapt.runs.config import value_at


class ArmRow(NamedTuple):
    """One arm of the table; mIoU in percent."""

    arm: str
    miou: float
    deviation: float | None
    seeds: int
    difference: Difference | None
    """Difference to the baseline; None for the baseline itself, and if nothing is compared."""
    cost: Cost | None
    minutes: float | None
    printed: float | None
    """The number printed in the paper, under its conditions."""
    departures: tuple[str, ...] = ()
    """Departures of this arm from these conditions."""
    latency: Latency | None = None
    adjusted: float | None = None
    """P value of the difference, adjusted for all arms of the table (Holm)."""


class Comparison(NamedTuple):
    """A table with its notes and further tables."""

    rows: list[ArmRow]
    baseline: str | None
    notes: list[str]
    sections: Sequence[Section] = ()
    """Further tables, in the order of display."""
    arms: Sequence[Arm] = ()
    """Arms of the rows, in the order of their folders."""


def compare(
    arms: Sequence[Arm],
    baseline: str | None,
    cost: Callable[[Result], Cost] | None,
    notes: Sequence[str] = (),
    each: bool = False,
    time: Callable[[Sequence[Result]], Sequence[Latency | None]] | None = None,
    power: bool = False,
    gains: bool = False,
) -> Comparison:
    """Rank arms, best first.

    Args:
        arms: Arms.
        baseline: A label, or a unique part of one; None for the first arm.
        cost: Counts the parameters of a run's network; None omits them.
        notes: Notes made when the runs were collected.
        each: Whether to list the arms in order without comparing them, whatever their protocols.
        time: Times the networks of runs side by side; None to skip it.
        power: Whether to add tables of the effects that the given seeds can detect, and of the
            intervals by other methods.
        gains: Whether to add tables that show where gains come from.

    Raises:
        ValueError: If the runs were measured under different conditions, or no arm is the baseline.
    """
    if not each:
        check_comparable([result for arm in arms for result in arm.results])
    base = None if each else find(arms, baseline) if baseline else arms[0]
    rows = [_row(arm, base, cost) for arm in arms]
    if time is not None:
        timed = time([arm.results[0] for arm in arms])
        pairs = zip(rows, timed, strict=True)
        rows = [row._replace(latency=latency) for row, latency in pairs]
    if not each:
        rows = sorted(_adjusted(rows), key=lambda row: -row.miou)
    unequal = [*_lengths(arms), *_starts(arms), *_balances(arms)]
    remarks = [*notes, *unequal, *_explained(rows), *_undetectable(rows)]
    sections = [] if base is None else _sections(arms, base, rows, power, gains)
    return Comparison(rows, base.label if base else None, remarks, sections, arms)


def _sections(
    arms: Sequence[Arm], base: Arm, rows: Sequence[ArmRow], power: bool, gains: bool
) -> list[Section]:
    """The requested further tables for which there are data."""
    ranked = sorted(arms, key=lambda arm: -arm.mean)
    sections: list[Section | None] = []
    if power:
        differences = {row.arm: row.difference for row in rows}
        sections += [power_section(differences), other_intervals_section(differences)]
    if gains:
        sections += [
            factor_section(ranked),
            contrast_section(ranked),
            class_section(ranked, base),
            border_section(ranked, base),
            branch_section(ranked, base),
            learning_section(ranked),
        ]
    return [section for section in sections if section is not None]


def _adjusted(rows: Sequence[ArmRow]) -> list[ArmRow]:
    """Rows with the p values of all differences of the table adjusted together."""
    tested = [i for i, row in enumerate(rows) if row.difference and row.difference.p is not None]
    values = holm([gap.p for i in tested if (gap := rows[i].difference) and gap.p is not None])
    by_row = dict(zip(tested, values, strict=True))
    return [row._replace(adjusted=by_row.get(i)) for i, row in enumerate(rows)]


def _undetectable(rows: Sequence[ArmRow]) -> list[str]:
    """A note about differences that are not significant, and too small for the given seeds."""
    small = {
        row.arm: least
        for row in rows
        if (gap := row.difference)
        and gap.spread
        and (row.adjusted is None or row.adjusted >= 1 - LEVEL)
        and abs(gap.mean) < (least := detectable(gap.spread))
    }
    if not small:
        return []
    names = "; ".join(f"{arm} ({100 * least:.2f})" for arm, least in small.items())
    return [
        "order not established by these seeds: the difference to the baseline is smaller "
        f"than what they detect with a probability of 80 %, in points: {names}"
    ]


def _row(arm: Arm, base: Arm | None, cost: Callable[[Result], Cost] | None) -> ArmRow:
    times = [time for result in arm.results if (time := minutes(result)) is not None]
    deviation = arm.deviation
    return ArmRow(
        arm=arm.label,
        miou=100 * arm.mean,
        deviation=None if deviation is None else 100 * deviation,
        seeds=len(arm.by_seed),
        difference=None if base is None or arm is base else difference(arm, base),
        cost=cost(arm.results[0]) if cost else None,
        minutes=sum(times) / len(times) if times else None,
        printed=arm.printed,
        departures=tuple(arm.results[0].departures),
    )


def _lengths(arms: Sequence[Arm]) -> list[str]:
    """A note if the arms were trained for different numbers of steps."""
    by_steps = _parted(arms, lambda config: value_at(config, "data.steps", 0))
    if not by_steps:
        return []
    groups = sorted(by_steps.items())
    each = "; ".join(f"{steps} steps: {', '.join(names)}" for steps, names in groups)
    return [f"not trained for equal numbers of steps, which alone may explain a difference: {each}"]


def _starts(arms: Sequence[Arm]) -> list[str]:
    """A note if the arms started from different weights."""
    by_weights = _parted(arms, _start)
    if not by_weights:
        return []
    groups = "; ".join(f"from {name}: {', '.join(labels)}" for name, labels in by_weights.items())
    return [f"not started from the same weights, which alone may explain a difference: {groups}"]


RARE_CLASSES: Mapping[str, str] = {
    "loss.class_weight": "class weights",
    "data.rare": "draws of rare images",
}
"""Keys by which arms may treat rare classes differently, with their names in notes."""


def _balances(arms: Sequence[Arm]) -> list[str]:
    """A note for each way in which the arms treat rare classes differently."""
    said = []
    for key, name in RARE_CLASSES.items():
        parts = _parted(arms, partial(value_at, key=key, absent="none"))
        each = "; ".join(f"{key}={value}: {', '.join(labels)}" for value, labels in parts.items())
        if parts:
            said.append(
                f"not trained with the same {name}, which alone may explain a difference: {each}"
            )
    return said


def _start(config: Mapping[str, Any]) -> str:
    """The weights from which a training started."""
    digest, run = value_at(config, "init.sha256"), value_at(config, "init.run")
    if digest:
        return f"the weights of {run} (SHA-256 {digest[:8]}...)"
    return f"the weights of {run} (SHA-256 not stored)" if run else "their own weights"


def _parted(arms: Sequence[Arm], fact: Callable[[Mapping[str, Any]], Any]) -> dict[Any, list[str]]:
    """Labels of arms by a value of their configs; empty if it is the same for all."""
    parts: dict[Any, list[str]] = {}
    for arm in arms:
        parts.setdefault(fact(arm.results[0].config), []).append(arm.label)
    return parts if len(parts) > 1 else {}


INTERVALS: Mapping[str, str] = {
    "seeds and images": "brackets: 95 % interval for other seeds and other validation images",
    "seeds": "brackets: 95 % interval of Student's t over the seeds that both arms have; it does "
    "not include the choice of validation images, because per-image counts are missing",
    "too few seeds": "too few seeds: with one common seed nothing can be said about other seeds",
}


def _explained(rows: Sequence[ArmRow]) -> list[str]:
    methods = {row.difference.method for row in rows if row.difference}
    notes = [text for method, text in INTERVALS.items() if method in methods]
    if sum(row.adjusted is not None for row in rows) > 1:
        notes.append("p: two-sided, adjusted for the number of arms (Holm)")
    if any(row.printed is not None for row in rows):
        notes.append(
            "printed: the paper's own number, measured by its authors under the conditions in the "
            "experiment's file; it is not ranked here"
        )
    if timed := sorted({row.latency[2:] for row in rows if row.latency}):
        for (height, width), where in timed:
            notes.append(
                "ms per image: median and minimum of rounds in turns, one image of "
                f"{height} x {width}, {where}"
            )
    return [*notes, *_departures([row for row in rows if row.printed is not None])]


def _departures(printed: Sequence[ArmRow]) -> list[str]:
    """A note for each way in which arms depart from the conditions of their printed numbers."""
    ways = sorted({row.departures for row in printed if row.departures})
    return [
        f"not under the printed conditions, but {', '.join(way)}: "
        + ", ".join(sorted(row.arm for row in printed if row.departures == way))
        for way in ways
    ]
