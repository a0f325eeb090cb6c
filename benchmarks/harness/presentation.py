"""A comparison as a table to read and as JSON to keep."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from benchmarks.harness.comparison import CostRow

from segadapt.analysis.cost.timing import Spread, Timing, ratio, seconds, spread
from segadapt.text.tables import Table

BASE = "fixed"
"""The classifier that the others are compared with."""

COLUMNS = (
    "parameters training",
    "parameters deployed",
    "GMAC true",
    "GMAC papers' rule",
    "training step wall ms",
    "training step CPU ms",
    "inference wall ms",
    "inference CPU ms",
    "peak memory MiB",
)


def table(rows: Sequence[CostRow], title: str) -> Table:
    """Two lines for each model and classifier: the figures, and their ratios to ``fixed``."""
    lines: list[list[str]] = []
    for row in rows:
        figures = [cell.split("\n") for cell in cells(row, base_of(row, rows))]
        names = [row.model, row.classifier]
        lines += map(list, zip_longest(names, *figures, fillvalue=""))
    return Table(["model classifier", *COLUMNS], lines, title=title)


def cells(row: CostRow, base: CostRow | None) -> list[str]:
    """The figures of a line, in the order of ``COLUMNS``."""
    amounts = zip(_amounts(row), _amounts(base or row), strict=True)
    *counted, memory = [_cell(text, amount / other, base) for (text, amount), (_, other) in amounts]
    return [*counted, *(_time(row, base, what, kind) for what, kind in TIMES), memory]


TIMES = (
    ("training", "wall"),
    ("training", "cpu"),
    ("inference", "wall"),
    ("inference", "cpu"),
)


def base_of(row: CostRow, rows: Sequence[CostRow]) -> CostRow | None:
    """The line of the same model with the fixed classifier, if it was measured."""
    same = [other for other in rows if (other.model, other.classifier) == (row.model, BASE)]
    return same[0] if same else None


def as_json(row: CostRow, base: CostRow | None) -> dict[str, Any]:
    """A line with its ratios: seconds, bytes, multiply-adds."""
    static = row.static
    return {
        "model": row.model,
        "classifier": row.classifier,
        "parameters": static.parameters._asdict(),
        "macs": {"true": static.true_macs, "papers_rule": static.paper_macs},
        "training": timing(row.training, base and base.training),
        "inference": timing(row.inference, base and base.inference),
        "peak_bytes": row.peak_bytes,
        "peak_ratio": base and row.peak_bytes / base.peak_bytes,
    }


def timing(readings: Sequence[Timing], base: Sequence[Timing] | None) -> dict[str, Any]:
    """Wall and CPU seconds: every round, median and quartiles, and the ratio to the base."""
    result: dict[str, Any] = {}
    for kind in Timing._fields:
        values = seconds(readings, kind)
        result[kind] = {**spread(values)._asdict(), "rounds": values}
        if base is not None:
            result[kind]["ratio"] = ratio(values, seconds(base, kind))._asdict()
    return result


def _amounts(row: CostRow) -> list[tuple[str, int]]:
    """Amounts other than times, as text and number."""
    training, deployed = row.static.parameters
    return [
        (f"{training:,}", training),
        (f"{deployed:,}", deployed),
        (f"{row.static.true_macs / 1e9:.3f}", row.static.true_macs),
        (f"{row.static.paper_macs / 1e9:.3f}", row.static.paper_macs),
        (f"{row.peak_bytes / 2**20:.0f}", row.peak_bytes),
    ]


def _time(row: CostRow, base: CostRow | None, what: str, kind: str) -> str:
    values = seconds(getattr(row, what), kind)
    text = milliseconds(spread(values))
    if base is None:
        return text
    return _cell(text, ratio(values, seconds(getattr(base, what), kind)).median, base)


def milliseconds(measured: Spread) -> str:
    """Median, and half the distance of the quartiles."""
    half = (measured.upper - measured.lower) / 2
    return f"{1000 * measured.median:.1f} ±{1000 * half:.1f}"


def _cell(text: str, times: float, base: CostRow | None) -> str:
    return text if base is None else f"{text}\n{times:.3f}x"
