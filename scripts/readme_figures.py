"""Measure the figures of README.md and write them there: python scripts/readme_figures.py.

A release step for a quiet machine. Each part runs the command printed in README.md and stores a
JSON file in benchmarks/results/ with commit, machine, load and versions; then the marked places of
README.md are written from the stored files.
"""

import argparse
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from segadapt.cli.shell import answer

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks/ is not installed

from benchmarks.harness.processes import running  # noqa: E402

RESULTS: Final = ROOT / "benchmarks" / "results"
README: Final = ROOT / "README.md"
MARK: Final = re.compile(r"<!--figure (?P<name>[\w-]+)-->(?P<text>[^<]*)<!--/-->")
PENDING: Final = "pending"
"""Placeholder for a figure that this script has not measured yet."""

STEPS: Final = "tiny-96x96-b16-k11-cpu"


def _ratio(classifier: str) -> Callable[[Mapping[str, Any]], str]:
    """Ratio of the training steps of a classifier and of ``fixed``."""

    def read(kept: Mapping[str, Any]) -> str:
        (row,) = (row for row in kept["rows"] if row["classifier"] == classifier)
        return f"{row['training']['wall']['ratio']['median']:.2f}"

    return read


FIGURES: Final[Mapping[str, tuple[str, Callable[[Mapping[str, Any]], str]]]] = {
    "train-miou": ("readme_train", lambda kept: f"{100 * kept['miou']:.2f}"),
    "train-oracle": ("readme_train", lambda kept: f"{100 * kept['oracle']:.2f}"),
    "train-minutes": ("readme_train", lambda kept: f"{kept['seconds'] / 60:.1f}"),
    "train-threads": ("readme_train", lambda kept: str(kept["machine"]["threads"])),
    "train-load": ("readme_train", lambda kept: f"{kept['machine']['load']:.1f}"),
    "train-commit": ("readme_train", lambda kept: kept["software"]["commit"][:7]),
    "steps-cac": (STEPS, _ratio("cac")),
    "steps-ssa": (STEPS, _ratio("ssa")),
    "steps-load": (STEPS, lambda kept: f"{kept['machine']['load']:.1f}"),
    "steps-commit": (STEPS, lambda kept: kept["software"]["commit"][:7]),
}
"""The file in benchmarks/results/ for each marked place of README.md, and how to read it."""


def measure_training() -> None:
    """``make train`` without its environment; see README.md."""
    from benchmarks.harness.measure import stamp

    from segadapt.analysis.cost.machine import machine
    from segadapt.files import write_json

    facts = stamp(machine())
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        started = time.perf_counter()
        _run("train.py", "logger=none", f"hydra.run.dir={run}")
        taken = time.perf_counter() - started
        results = json.loads((run / "report.json").read_text())["results"]
    miou = {"miou": results["student"]["miou"], "oracle": results["oracle"]["miou"]}
    kept = {**facts, "command": "python train.py logger=none", **miou, "seconds": taken}
    write_json(RESULTS / "readme_train.json", kept)


def measure_steps() -> None:
    """The cost of a training step; see README.md."""
    words = "data=digits model=tiny classifier=fixed,cac,ssa threads=1 repeats=25"
    _run("scripts/benchmark.py", *words.split(), f"name={STEPS}")


def _run(*words: str) -> None:
    with running([sys.executable, *words], cwd=ROOT) as process:
        if code := process.wait():
            raise ValueError(f"{words[0]} ended with exit code {code}; see its message above")


PARTS: Final[Mapping[str, Callable[[], None]]] = {
    "steps": measure_steps,  # first, because a training leaves a load behind
    "train": measure_training,
}


def figure(name: str, results: Path = RESULTS) -> str:
    """The text of a figure in README.md, from its stored file; ``pending`` if there is none.

    Raises:
        ValueError: If there is no such figure.
    """
    if name not in FIGURES:
        raise ValueError(f"Unknown figure {name!r}. Available: {', '.join(FIGURES)}.")
    stem, read = FIGURES[name]
    file = results / f"{stem}.json"
    if not file.is_file():
        return PENDING
    return read(json.loads(file.read_text()))


def rewritten(text: str, results: Path = RESULTS) -> str:
    """A page with its marked places rewritten.

    Raises:
        ValueError: If a mark is unknown, or one of :data:`FIGURES` is not in the page.
    """
    marks = {mark["name"] for mark in MARK.finditer(text)}
    if lacking := sorted(FIGURES.keys() - marks):
        raise ValueError(f"README.md has no mark <!--figure {lacking[0]}-->...<!--/-->. Add it.")
    return MARK.sub(
        lambda mark: f"<!--figure {mark['name']}-->{figure(mark['name'], results)}<!--/-->", text
    )


def main(arguments: Sequence[str]) -> None:
    """Answer one command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "only",
        nargs="?",
        default=f"only={','.join(PARTS)}",
        help=f"only=PART,...: of {', '.join(PARTS)}; only= measures nothing and writes README.md",
    )
    key, _, text = parser.parse_args(arguments).only.partition("=")
    parts = [part for part in text.split(",") if part]
    if key != "only" or (unknown := [part for part in parts if part not in PARTS]):
        what = key if key != "only" else unknown[0]
        raise ValueError(f"Unknown part {what!r}. Write only=PART,... of {', '.join(PARTS)}.")
    for part in parts:
        PARTS[part]()
    text = rewritten(README.read_text())
    README.write_text(text)
    print(f"written: {README}")
    if pending := [mark["name"] for mark in MARK.finditer(text) if mark["text"] == PENDING]:
        raise ValueError(f"Not measured yet: {', '.join(pending)}. Run the parts without only=.")


if __name__ == "__main__":
    answer(lambda: main(sys.argv[1:]))
