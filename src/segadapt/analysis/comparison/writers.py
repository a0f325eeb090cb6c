"""A comparison as Markdown, LaTeX, CSV or HTML."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from segadapt.analysis.comparison.comparison import Comparison, Row
from segadapt.analysis.comparison.costs import Latency
from segadapt.analysis.comparison.intervals import Difference
from segadapt.analysis.comparison.sections import Cells
from segadapt.text.borders import csv_cell, latex_comment, latex_text, markdown_text
from segadapt.text.pages import render
from segadapt.text.tables import Table

COSTS: Final = ("parameters (M)", "G multiply-adds", "ms an image (min)", "minutes")
"""Heads of the columns that can stand apart where a line is short."""


def cells(comparison: Comparison) -> Cells:
    """What is shown to people: rounded, and a dash where there is nothing."""
    base = comparison.baseline or ""
    rows = [["arm", "mIoU", "seeds", f"difference to {base}", "p", *COSTS, "printed (paper)"]]
    for row in comparison.rows:
        of_base = row.arm == comparison.baseline
        rows.append([*_measured(row, of_base), *_costs(row), _number(row.printed, 2)])
    kept = [0, 1, 2, *(i for i in range(3, 10) if any(line[i] != "-" for line in rows[1:]))]
    return [[line[i] for i in kept] for line in rows]


def markdown(comparison: Comparison) -> str:
    """Pipe tables, the notes below each."""
    parts = [_markdown_table(cells(comparison), comparison.notes)]
    for section in comparison.sections:
        parts.append(f"## {markdown_text(section.title)}\n")
        parts.append(_markdown_table(section.cells, section.notes))
    return "\n".join(parts)


def _markdown_table(lines: Cells, notes: Sequence[str]) -> str:
    head, *body = [[markdown_text(cell) for cell in line] for line in lines]
    rule = ["---", *["---:"] * (len(head) - 1)]
    table = [f"| {' | '.join(line)} |" for line in (head, rule, *body)]
    return "\n".join([*table, "", *(f"- {markdown_text(note)}" for note in notes)]) + "\n"


def latex(comparison: Comparison) -> str:
    """Tabulars with booktabs' rules; titles and notes are comments."""
    parts = [_latex_table(cells(comparison), comparison.notes)]
    for section in comparison.sections:
        parts.append(_latex_table(section.cells, [section.title, *section.notes]))
    return "\n".join(parts)


def _latex_table(cells: Cells, notes: Sequence[str]) -> str:
    head, *body = [[latex_text(cell) for cell in line] for line in cells]
    lines = [
        *(latex_comment(note) for note in notes),
        f"\\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}",
        "\\toprule",
        f"{' & '.join(head)} \\\\",
        "\\midrule",
        *(f"{' & '.join(line)} \\\\" for line in body),
        "\\bottomrule",
        "\\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def as_csv(comparison: Comparison) -> str:
    """Numbers as they are, for other programs."""
    text = io.StringIO()
    names = ("arm", "miou", "deviation", "seeds", "difference", "low", "high", "interval")
    chances = ("p", "p_adjusted", *(f"{name}_{end}" for name in OTHERS for end in ("low", "high")))
    costs = (
        "parameters",
        "deployed",
        "macs",
        "milliseconds",
        "milliseconds_min",
        "minutes",
        "printed",
    )
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names, *costs, *chances])
    for row in comparison.rows:
        gap = row.difference or Difference(0, None, None, "", 0)
        shown = [_percent(value) for value in (gap.mean, gap.low, gap.high)]
        cost = row.cost
        counted: list[int | None] = [None] * 3
        latency = list(row.latency[:2]) if row.latency else [None, None]
        if cost:
            counted = [cost.training, cost.deployed, cost.macs]
        writer.writerow(
            [csv_cell(row.arm), row.miou, row.deviation, row.seeds]
            + (shown if row.difference else [None] * 3)
            + [gap.method, *counted, *latency, row.minutes, row.printed]
            + [gap.p, row.adjusted, *_other_intervals(gap)]
        )
    return text.getvalue()


OTHERS: Final = ("seeds", "images", "hierarchical")
"""Intervals of narrower claims, which the CSV lists beside that of the table."""


def _other_intervals(gap: Difference) -> list[float | None]:
    return [_percent(end) for name in OTHERS for end in gap.others.get(name, (None, None))]


def as_html(comparison: Comparison) -> str:
    """A page that opens by itself."""
    head, *rows = cells(comparison)
    sections = [
        (section.title, Table(section.cells[0], section.cells[1:]), section.notes)
        for section in comparison.sections
    ]
    return render(
        "analysis/comparison/page.html",
        title="Comparison",
        arms=Table(head, rows),
        notes=comparison.notes,
        sections=sections,
    )


WRITERS: Final[Mapping[str, Callable[[Comparison], str]]] = {
    "md": markdown,
    "tex": latex,
    "csv": as_csv,
    "html": as_html,
}
"""By the ending of a file's name."""


def _measured(row: Row, of_base: bool) -> list[str]:
    spread = "" if row.deviation is None else f" ± {row.deviation:.2f}"
    gap = "baseline" if of_base else _gap(row.difference)
    return [row.arm, f"{row.miou:.2f}{spread}", str(row.seeds), gap, _chance(row.adjusted)]


def _chance(p: float | None) -> str:
    return "-" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def _gap(gap: Difference | None) -> str:
    if gap is None:
        return "-"
    if gap.low is None or gap.high is None:
        return f"{100 * gap.mean:+.2f} ({gap.method})"
    return f"{100 * gap.mean:+.2f} [{100 * gap.low:+.2f}, {100 * gap.high:+.2f}]"


def _costs(row: Row) -> list[str]:
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
