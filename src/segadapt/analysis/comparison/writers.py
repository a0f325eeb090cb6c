"""A comparison as Markdown, LaTeX, CSV or HTML."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from segadapt.analysis.comparison.comparison import ArmRow, Comparison
from segadapt.analysis.comparison.costs import Latency
from segadapt.analysis.comparison.intervals import Difference
from segadapt.analysis.comparison.other_intervals import HEADS
from segadapt.analysis.comparison.page.images import Look
from segadapt.analysis.comparison.sections import spanned
from segadapt.text.borders import latex_comment, markdown_text
from segadapt.text.tables import Table, csv_text, latex_table, markdown_table

COSTS: Final = ("parameters (M)", "G multiply-adds", "ms per image (min)", "minutes")
"""Heads of the columns that can form a separate table."""

OTHERS: Final = tuple(HEADS)
"""Intervals of narrower claims, which the CSV file lists in addition."""

NUMBERS: Final = (
    *("arm", "miou", "deviation", "seeds", "difference", "low", "high", "interval"),
    *("parameters", "deployed", "macs", "milliseconds", "milliseconds_min", "minutes", "printed"),
    *("p", "p_adjusted", *(f"{name}_{end}" for name in OTHERS for end in ("low", "high"))),
)
"""Columns of a CSV file."""


def shown(comparison: Comparison) -> Table:
    """The table for people: rounded numbers, and a dash for missing ones."""
    head = ["arm", "mIoU", "seeds", f"difference to {comparison.baseline or ''}", "p", *COSTS]
    head.append("printed (paper)")
    rows = [
        [*_measured(row, row.arm == comparison.baseline), *_costs(row), _number(row.printed, 2)]
        for row in comparison.rows
    ]
    filled = [i for i in range(3, len(head)) if any(row[i] != "-" for row in rows)]
    return Table(head, rows).select([0, 1, 2, *filled])


def markdown(comparison: Comparison) -> str:
    """Pipe tables, each with its notes below."""
    parts = [markdown_table(shown(comparison), comparison.notes)]
    for section in comparison.sections:
        parts.append(f"## {markdown_text(section.title)}\n")
        parts.append(markdown_table(section.table, section.notes))
    return "\n".join(parts)


def latex(comparison: Comparison) -> str:
    """``tabular`` environments with rules of booktabs; titles and notes are comments."""
    parts = [latex_table(shown(comparison), comparison.notes)]
    for section in comparison.sections:
        parts += [latex_comment(section.title), latex_table(section.table, section.notes)]
    return "\n".join(parts)


def as_csv(comparison: Comparison) -> str:
    """Unrounded numbers for other programs, as CSV."""
    return csv_text(NUMBERS, map(_numbers, comparison.rows))


def as_html(comparison: Comparison, look: Look | None = None, images: int = 0) -> str:
    """A self-contained page.

    Args:
        comparison: The comparison.
        look: Draws the images with the largest gains and losses; None for names and numbers only.
        images: Number of images of each kind and arm.
    """
    from segadapt.analysis.comparison.page.compose import comparison_page  # imports slowly

    return comparison_page(comparison, shown(comparison), COSTS, look, images)


WRITERS: Final[Mapping[str, Callable[[Comparison], str]]] = {
    "md": markdown,
    "tex": latex,
    "csv": as_csv,
    "html": as_html,
}
"""Writers by the suffix of a file."""


def _numbers(row: ArmRow) -> list[Any]:
    """One row of a CSV file, with the columns :data:`NUMBERS`."""
    gap = row.difference or Difference(0, None, None, "", 0)
    ends = [_percent(value) for value in (gap.mean, gap.low, gap.high)]
    cost = [None] * 3 if row.cost is None else [row.cost.training, row.cost.deployed, row.cost.macs]
    latency = [None] * 2 if row.latency is None else list(row.latency[:2])
    return [
        *(row.arm, row.miou, row.deviation, row.seeds),
        *(ends if row.difference else [None] * 3),
        *(gap.method, *cost, *latency, row.minutes, row.printed, gap.p, row.adjusted),
        *(_percent(end) for name in OTHERS for end in gap.others.get(name, (None, None))),
    ]


def _measured(row: ArmRow, of_base: bool) -> list[str]:
    spread = "" if row.deviation is None else f" ± {row.deviation:.2f}"
    gap = "baseline" if of_base else spanned(row.difference)
    return [row.arm, f"{row.miou:.2f}{spread}", str(row.seeds), gap, _chance(row.adjusted)]


def _chance(p: float | None) -> str:
    return "-" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def _costs(row: ArmRow) -> list[str]:
    spent = [_time(row.latency), _number(row.minutes, 1)]
    if row.cost is None:
        return ["-", "-", *spent]
    used, all_ = row.cost.deployed / 1e6, row.cost.training / 1e6
    millions = f"{used:.2f}" if used == all_ else f"{used:.2f} (training {all_:.2f})"
    billions = None if row.cost.macs is None else row.cost.macs / 1e9
    return [millions, _number(billions, 2), *spent]


def _time(latency: Latency | None) -> str:
    return "-" if latency is None else f"{latency.milliseconds:.1f} ({latency.least:.1f})"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _percent(value: float | None) -> float | None:
    return None if value is None else 100 * value
