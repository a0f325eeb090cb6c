"""The table of narrower intervals beside that of a comparison."""

from collections.abc import Mapping
from typing import Final

from segadapt.analysis.comparison.intervals import Difference, Interval
from segadapt.analysis.comparison.sections import ABSENT, Section, points

HEADS: Final[Mapping[str, str]] = {
    "seeds": "Student's t over seeds",
    "images": "bootstrap over images",
    "hierarchical": "bootstrap over seeds and images",
}
"""Heads of the columns, by the name of the interval."""

NOTES: Final = (
    "95 % intervals of narrower claims: other seeds on the same images, other images with the same "
    "networks, and a resampling of both, which covers too little with few seeds; the interval of "
    "the first table holds for other seeds and other images",
)


def other_intervals_section(differences: Mapping[str, Difference | None]) -> Section | None:
    """The intervals by other methods of each difference to the baseline.

    Args:
        differences: Differences to the baseline, by arm.

    Returns:
        The table; None if no difference has such an interval.
    """
    compared = {arm: gap for arm, gap in differences.items() if gap is not None and gap.others}
    if not compared:
        return None
    rows = [
        [arm, points(gap.mean), *(_ends(gap.others.get(name)) for name in HEADS)]
        for arm, gap in compared.items()
    ]
    return Section("Other intervals", [["arm", "difference", *HEADS.values()], *rows], list(NOTES))


def _ends(interval: Interval | None) -> str:
    return ABSENT if interval is None else f"[{points(interval[0])}, {points(interval[1])}]"
