"""``segadapt benchmark``: the measurements of a checkout."""

import runpy
from collections.abc import Sequence
from pathlib import Path

from segadapt.cli.shell import answer


def main(words: Sequence[str]) -> None:
    """Run one command line.

    Args:
        words: Words after ``segadapt benchmark``.
    """
    answer(lambda: benchmark(words))


def benchmark(words: Sequence[str]) -> None:
    """Run a benchmark.

    Raises:
        ValueError: If this is not a checkout: benchmarks are not part of the installed package.
    """
    script = Path(__file__).resolve().parents[3] / "scripts" / "benchmark.py"
    if not script.is_file():
        raise ValueError("Benchmarks need a checkout of the repository; clone it and run there.")
    runpy.run_path(str(script))["main"](list(words))
