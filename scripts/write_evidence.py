"""Write the tables of the kept runs into docs and README: python scripts/write_evidence.py.

Each place is marked, as in <!--evidence main:arms--> ... <!--/evidence-->: a folder or comparison,
and a table that `segadapt compare` prints for it. The text around the tables is written by hand.
"""

import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from segadapt.cli.shell import answer

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks/ is not installed

from benchmarks.harness.processes import output_of  # noqa: E402

DOCS: Final = ROOT / "docs"
PAGES: Final = (DOCS / "evidence.md", DOCS / "results.md", ROOT / "README.md")
FIGURES: Final = DOCS / "figures"

ARMS: Final = "arms"
"""Name of the first table that `segadapt compare` writes, which has no heading."""

SUMMARY: Final = "summary"
SUMMARY_COLUMNS: Final = 4
"""The first columns of the arms, as shown in README.md."""

MAIN: Final = "docs/evidence/main"
THIRD: Final = "docs/evidence/third"
LONG: Final = "docs/evidence/long"
DIGITS: Final = "docs/evidence/digits"


def _in(network: str, *arms: str) -> tuple[str, ...]:
    """Folders of arms."""
    return tuple(f"{network}/{arm}" for arm in arms)


def _of(network: str, arm: str, *controls: str) -> tuple[str, ...]:
    """A comparison of an adaptive classifier with its controls, by their folders."""
    folders = _in(network, arm, *(f"confound_{control}" for control in controls))
    return (*folders, f"baseline={arm.upper()}", "cost=false", "power=true")


def _variants(network: str, arm: str, *changes: str) -> tuple[str, ...]:
    """A comparison of a released classifier with variants of it, by the ends of their folders."""
    folders = _in(network, arm, *(f"{arm}_{change}" for change in changes))
    return (*folders, f"baseline={arm.upper()}", "cost=false")


ALIGNED: Final = ("aligned", "aligned_no_distillation")
"""Variants with one geometry, with and without distillation."""

CHANGES: Final = ("no_distillation", "no_teacher", "align", "center", "stop", "aligned")
"""Single changes of an adaptive classifier on digits, and three of them together."""

COMPARISONS: Final[Mapping[str, tuple[str, ...]]] = {
    "main": (MAIN, "baseline=fixed", "power=true", "gains=true"),
    "headline": (
        *_in(MAIN, "ssa", "cac", "ssa_aligned", "cac_aligned", "fixed"),
        *_in(MAIN, "confound_cosine", "confound_cosine_dice"),
        "baseline=fixed",
        "cost=false",
    ),
    "ssa": _of(
        MAIN,
        "ssa",
        *("cosine_dice", "cosine_dice_own_rate", "teacher_only_ssa", "cosine", "fixed_dice"),
        *("fixed_wide_ssa", "student_only_ssa"),
    ),
    "aligned": _variants(MAIN, "ssa", *ALIGNED),
    "aligned_cac": _variants(MAIN, "cac", *ALIGNED),
    "aligned_controls": (
        *_in(MAIN, *(f"{arm}_{variant}" for arm in ("ssa", "cac") for variant in ALIGNED)),
        *_in(MAIN, "confound_cosine_dice", "confound_cosine"),
        "baseline=fixed, cosine scores + Dice",
        "cost=false",
    ),
    "cac": _of(
        MAIN,
        "cac",
        *("cosine", "fixed_dice", "cosine_dice"),
        *("teacher_only_cac", "fixed_wide_cac", "student_only_cac"),
    ),
    "adaptive": (*_in(MAIN, "ssa", "cac"), "baseline=CAC", "cost=false"),
    "dice": (
        *_in(MAIN, "confound_cosine", "confound_cosine_dice"),
        "baseline=fixed, cosine scores",
        "cost=false",
    ),
    "third": (THIRD, "baseline=fixed", "power=true", "gains=true"),
    "third_ssa": (*_of(THIRD, "ssa", "cosine_dice", "cosine"), f"{THIRD}/cac"),
    "third_cac": _of(THIRD, "cac", "cosine", "cosine_dice"),
    "digits": (
        *_in(DIGITS, "fixed", "cac", "ssa", "cac_aligned", "ssa_aligned"),
        *_in(DIGITS, "confound_cosine", "confound_cosine_dice"),
        *_in(DIGITS, "confound_fixed_dice", "confound_fixed_dice_false"),
        "baseline=fixed",
        "gains=true",
    ),
    "digits_cac": (*_variants(DIGITS, "cac", *CHANGES), "gains=true"),
    "digits_ssa": (*_variants(DIGITS, "ssa", *CHANGES, "no_dice"), "gains=true"),
    "digits_aligned": (
        *_in(DIGITS, *(f"{arm}_{variant}" for arm in ("cac", "ssa") for variant in ALIGNED)),
        *_in(DIGITS, "confound_cosine", "fixed"),
        "baseline=fixed, cosine scores",
        "gains=true",
        "cost=false",
    ),
    "long": (LONG, "baseline=fixed", "gains=true", "cost=false"),
    "long_ssa": _of(LONG, "ssa", "cosine_dice", "cosine"),
}

DRAWN: Final = ("headline", "third", "digits", "long")
"""Comparisons whose learning curves are drawn."""

MARK: Final = re.compile(
    r"(?P<open><!--evidence (?P<name>\w+):(?P<table>[^>]+)-->\n).*?(?P<close><!--/evidence-->)",
    re.DOTALL,
)


@cache  # two pages show tables of one comparison
def compared(name: str) -> str:
    """The Markdown that `segadapt compare` writes for a comparison.

    Args:
        name: Key of ``COMPARISONS``.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "table.md"
        words = [*COMPARISONS[name], f"out={out}", f"plots={folder}"]
        output_of([sys.executable, "scripts/compare.py", *words], cwd=ROOT)
        if name in DRAWN:
            figure = FIGURES / f"evidence_{name}_steps.png"
            figure.write_bytes((Path(folder) / "steps.png").read_bytes())
        return out.read_text()


def tables(text: str) -> dict[str, str]:
    """The tables of a comparison by their headings, with the notes below them.

    Args:
        text: Markdown of `segadapt compare`.
    """
    first, *rest = re.split(r"^## ", text, flags=re.MULTILINE)
    sections = {ARMS: first.strip(), SUMMARY: _first_columns(first)}
    for part in rest:
        heading, _, body = part.partition("\n")
        sections[heading.strip().lower()] = body.strip()
    return sections


def _first_columns(arms: str) -> str:
    """The table of the arms without costs, p values and notes."""
    rows = [line.split(" | ") for line in arms.splitlines() if line.startswith("|")]
    return "\n".join(" | ".join(row[:SUMMARY_COLUMNS]) + " |" for row in rows)


def table(name: str, heading: str) -> str:
    """A table of a comparison.

    Args:
        name: Key of ``COMPARISONS``.
        heading: Key of :func:`tables`.
    """
    return tables(compared(name))[heading]


def filled(page: str, table: Callable[[str, str], str]) -> str:
    """A page whose marked places hold the tables that they name.

    Args:
        page: Markdown with marks.
        table: From a comparison and a heading to a table.
    """

    def place(mark: re.Match[str]) -> str:
        return f"{mark['open']}{table(mark['name'], mark['table'])}\n{mark['close']}"

    return MARK.sub(place, page)


def main() -> None:
    """Write all pages."""
    for page in PAGES:
        page.write_text(filled(page.read_text(), table))


if __name__ == "__main__":
    answer(main)
