"""``segadapt compare``: from run folders to a table, and files."""

from collections.abc import Sequence
from pathlib import Path

from segadapt.analysis.comparison.costs import Cost, Latency
from segadapt.analysis.comparison.results import Result
from segadapt.cli.places import CONF
from segadapt.cli.shell import answer
from segadapt.cli.words import UsageError, read_words
from segadapt.runs.trust import check, check_names, trusting


def main(words: Sequence[str]) -> None:
    """Run one command line.

    Args:
        words: Run folders and ``KEY=VALUE`` of conf/compare.yaml.
    """
    answer(lambda: compare(words))


def compare(words: Sequence[str]) -> None:
    """Compare runs, as the words say."""
    options = read_words(words, CONF / "compare.yaml", "runs")
    if not options["runs"]:
        raise UsageError("No runs given. Pass run folders, or the folder of a sweep.")
    from segadapt.analysis.comparison.compare_runs import compare_runs

    count = count_cost if options["cost"] else None
    time = time_runs if options["latency"] else None
    names = check if count or time else check_names  # imports what the configs name
    plots = options["plots"]
    compare_runs(
        [Path(run) for run in options["runs"]],
        options["baseline"],
        [Path(file) for file in options["out"]],
        None if plots is None else Path(plots),
        options["each"],
        count,
        time,
        options["evaluation"],
        trusting if options["trust_config"] else names,
        options["power"],
        options["gains"],
    )


def count_cost(result: Result) -> Cost:
    """What the network of a run costs; torch is imported here, once all runs have been read."""
    from segadapt.analysis.comparison.counting import cost
    from segadapt.evaluation.network import build_model

    return cost(result, build_model)


def time_runs(results: Sequence[Result]) -> list[Latency | None]:
    """How long the networks of runs take for one image."""
    from segadapt.analysis.comparison.latency import latencies
    from segadapt.evaluation.network import build_model

    return latencies(results, build_model)
