"""``segadapt compare``: run folders as a table, and as files."""

from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

from segadapt.analysis.comparison.costs import Cost, Latency
from segadapt.analysis.comparison.page.images import ImageGains, Views
from segadapt.analysis.comparison.results import Result
from segadapt.cli.places import CONF
from segadapt.cli.shell import answer
from segadapt.cli.words import UsageError, check_range, read_words
from segadapt.runs.trust import Check, check, check_names, trusting


def main(words: Sequence[str]) -> None:
    """Run one command line.

    Args:
        words: Run folders and ``KEY=VALUE`` of conf/compare.yaml.
    """
    answer(lambda: compare(words))


def compare(words: Sequence[str]) -> None:
    """Compare runs as requested by the words."""
    options = read_words(words, CONF / "compare.yaml", "runs")
    if not options["runs"]:
        raise UsageError("No runs given. Pass run folders, or the folder of a sweep.")
    check_range(options, "images", 0)
    images: int = options["images"]
    from segadapt.analysis.comparison.compare_runs import compare_runs

    count = count_cost if options["cost"] else None
    time = time_runs if options["latency"] else None
    outputs = [Path(file) for file in options["out"]]
    pages = images > 0 and any(file.suffix.lower() == ".html" for file in outputs)
    trusted = check if count or time or pages else check_names  # slow
    trusted = trusting if options["trust_config"] else trusted
    plots = options["plots"]
    compare_runs(
        [Path(run) for run in options["runs"]],
        options["baseline"],
        outputs,
        None if plots is None else Path(plots),
        options["each"],
        count,
        time,
        options["evaluation"],
        trusted,
        options["power"],
        options["gains"],
        partial(look_at, check=trusted) if pages else None,
        images,
    )


def count_cost(result: Result) -> Cost:
    """The cost of a run's network; torch is imported here, once all runs have been read."""
    from segadapt.analysis.comparison.counting import cost
    from segadapt.evaluation.network import build_model

    return cost(result, build_model)


def look_at(gains: ImageGains, names: Collection[str], check: Check) -> Views:
    """Predictions of the networks of two arms on some images."""
    from segadapt.analysis.comparison.page.pictures import views

    return views(gains, names, check)


def time_runs(results: Sequence[Result]) -> list[Latency | None]:
    """Latency of the networks of runs for one image."""
    from segadapt.analysis.comparison.latency import latencies
    from segadapt.evaluation.network import build_model

    return latencies(results, build_model)
