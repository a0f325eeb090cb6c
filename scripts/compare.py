"""Compare finished trainings: python scripts/compare.py RUNS... --out table.md."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from segadapt.analysis.comparison.costs import Cost, Latency
from segadapt.analysis.comparison.results import Result
from segadapt.cli.shell import answer
from segadapt.runs.trust import check, check_names, trusting


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read a command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, help="run folders, or folders of sweeps")
    parser.add_argument("--baseline", help="label of an arm, or a part of it; else the first arm")
    parser.add_argument(
        "--out", nargs="*", type=Path, default=[], help="files: .md, .tex, .csv, .html"
    )
    parser.add_argument("--plots", type=Path, help="folder for figures")
    parser.add_argument("--each", action="store_true", help="list the arms without comparing them")
    parser.add_argument("--no-cost", action="store_true", help="count no parameters and FLOPs")
    parser.add_argument(
        "--evaluation",
        metavar="NAME",
        help="compare evaluation/NAME.json of each run, which scripts/evaluate.py wrote",
    )
    parser.add_argument("--trust-config", action="store_true", help="build what a config names")
    parser.add_argument("--latency", action="store_true", help="time an image, side by side")
    return parser.parse_intermixed_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Answer one command line."""
    options = parse(arguments)
    from segadapt.analysis.comparison.compare_runs import report

    count = None if options.no_cost else counted
    time = timed if options.latency else None
    looked = check if count or time else check_names  # imports what the configs name
    report(
        *(options.runs, options.baseline, options.out, options.plots, options.each),
        *(count, time, options.evaluation, trusting if options.trust_config else looked),
    )


def counted(result: Result) -> Cost:
    """What the network of a run costs; torch is imported here, once all runs have been read."""
    from segadapt.analysis.comparison.counting import cost
    from segadapt.experiment import build_model

    return cost(result, build_model)


def timed(results: Sequence[Result]) -> list[Latency | None]:
    """How long the networks of runs take for one image."""
    from segadapt.analysis.comparison.latency import latencies
    from segadapt.experiment import build_model

    return latencies(results, build_model)


if __name__ == "__main__":
    answer(lambda: main(sys.argv[1:]))
