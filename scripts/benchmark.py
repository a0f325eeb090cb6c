"""Measure what models and classifiers cost: python scripts/benchmark.py --help."""

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from segadapt.cli.shell import answer
from segadapt.runs.environment import provenance
from segadapt.runs.session import interruptible

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks/ is not installed

from benchmarks.harness.load import check_load, without_busy  # noqa: E402
from benchmarks.harness.options import CONFIGS, Options, parse  # noqa: E402

SECTIONS = (
    "checkpointing",
    "classifier_cost",
    "compiled",
    "coverage",
    "data",
    "export",
    "gpu",
    "loss_memory",
    "loss_speed",
    "models",
    "overhead",
    "port",
    "predict",
    "printed",
    "startup",
    "step_beside",
)
"""Modules of benchmarks/ that are called through this script too."""

COUNTED = ("checkpointing", "compiled", "coverage", "models", "printed")
"""Benchmarks that measure no time, and so do not need a quiet machine."""


def main(arguments: Sequence[str]) -> None:
    """Answer one command line."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else the memory profiler writes to stderr
    words, busy = without_busy(arguments)
    section = words[0] if words and words[0] in SECTIONS else None
    options = None if section else parse(words, CONFIGS)
    if section not in COUNTED and not (options and options.no_sync):
        check_load(busy)
    provenance()  # of the code that is measured, before the checkout can change
    with interruptible():
        if section:
            importlib.import_module(f"benchmarks.{section}").main(words[1:])
        elif options:
            measure(options)


def measure(options: Options) -> None:
    """Measure every model with every classifier, print the table and write the file."""
    from benchmarks.harness import measure as laboratory

    from segadapt.experiment import build_task

    if options.no_sync:
        laboratory.check_syncs(options, CONFIGS, build_task)
    else:
        laboratory.measure(options, CONFIGS, build_task, ROOT / "benchmarks" / "results")


if __name__ == "__main__":
    answer(lambda: main(sys.argv[1:]))
