"""``segadapt demo``: trained networks side by side in a web page."""

from collections.abc import Sequence

from segadapt.cli.places import CONF
from segadapt.cli.predict import check_there, split_settings
from segadapt.cli.shell import answer
from segadapt.cli.words import check_given, read_words


def main(words: Sequence[str]) -> None:
    """Run one command line.

    Args:
        words: ``KEY=VALUE`` of conf/demo.yaml, and ``inference.KEY=VALUE``.
    """
    answer(lambda: demo(words), interrupted="stopped")


def demo(words: Sequence[str]) -> None:
    """Serve the page as requested by the words, until Ctrl-C."""
    settings, rest = split_settings(words)
    options = read_words(rest, CONF / "demo.yaml")
    check_given(options, ("run", "host"), "run=RUN, or run=[RUN,RUN,RUN]")
    for run in options["run"]:
        check_there("run", run)
    from segadapt.deployment.demo.command import demo_command

    demo_command(options, settings)
