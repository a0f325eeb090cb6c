"""The verdict of a comparison, in one sentence."""

from collections.abc import Sequence
from typing import Final

from segadapt.analysis.comparison.comparison import ArmRow, Comparison
from segadapt.analysis.comparison.sections import spanned

SIGNIFICANT: Final = 0.05

MOST: Final = 3
"""Largest number of undecided arms whose intervals the sentence includes."""


def question(comparison: Comparison, where: str) -> str:
    """The question that a comparison answers.

    Args:
        comparison: The comparison.
        where: Data set and split.
    """
    others = [row.arm for row in comparison.rows if row.arm != comparison.baseline]
    if comparison.baseline is None or not others:
        return f"What mIoU do these runs reach on {where}?"
    subject = others[0] if len(others) == 1 else f"any of the {len(others)} other arms"
    return f"Does {subject} reach a higher mIoU than {comparison.baseline} on {where}?"


def verdict(comparison: Comparison) -> str:
    """One sentence about every arm: better, worse or undecided."""
    if comparison.baseline is None:
        return "The runs are listed and not compared (each=true)."
    others = [row for row in comparison.rows if row.arm != comparison.baseline]
    if not others:
        return "There is one arm only, so nothing is compared."
    better = [row for row in others if _sign(row) > 0]
    worse = [row for row in others if _sign(row) < 0]
    undecided = [row for row in others if _sign(row) == 0]
    parts = []
    if better:
        parts.append(f"Yes: {_names(better)} {_is(better)} better")
    if undecided:
        names = _names(undecided, len(undecided) <= MOST)
        whether = f"{'whether' if better else 'Whether'} {names} {_is(undecided)} better or worse"
        parts.append(f"{whether} cannot be decided from {_seeds(undecided)}")
    if worse:
        parts.append(f"{'' if parts else 'No: '}{_names(worse)} {_is(worse)} worse")
    return f"{'; '.join(parts)}."


def _sign(row: ArmRow) -> int:
    """1 or -1 if the adjusted test separates the arm from the baseline, else 0."""
    gap, p = row.difference, row.adjusted
    if gap is None or p is None or p >= SIGNIFICANT:
        return 0
    return 1 if gap.mean > 0 else -1


def _names(rows: Sequence[ArmRow], intervals: bool = True) -> str:
    named = [
        f"{row.arm} ({spanned(row.difference)})" if row.difference and intervals else row.arm
        for row in rows
    ]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"


def _is(rows: Sequence[ArmRow]) -> str:
    return "is" if len(rows) == 1 else "are"


def _seeds(rows: Sequence[ArmRow]) -> str:
    counts = {0 if row.difference is None else row.difference.seeds for row in rows}
    if counts == {0}:
        return "runs without a common seed"
    few, most = min(counts), max(counts)
    number = str(most) if few == most else f"{few} to {most}"
    return f"{number} common seed{'s' if most > 1 else ''}"
