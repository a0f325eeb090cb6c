"""``segadapt push``: uploads a bundle to the Hugging Face hub."""

from collections.abc import Sequence

from segadapt.cli.places import CONF
from segadapt.cli.shell import answer
from segadapt.cli.words import check_given, read_words
from segadapt.files import expanded
from segadapt.text.borders import print_line


def main(words: Sequence[str]) -> None:
    """Run one command line.

    Args:
        words: ``KEY=VALUE`` of conf/push.yaml.
    """
    answer(lambda: push(words))


def push(words: Sequence[str]) -> None:
    """Upload a bundle as requested by the words."""
    options = read_words(words, CONF / "push.yaml")
    check_given(options, ("bundle", "repo"), "bundle=FOLDER repo=OWNER/NAME")
    from segadapt.deployment.loading import hub

    address = hub.push(expanded(options["bundle"]), options["repo"], options["private"])
    print_line(f'uploaded: {address}; use it with segadapt.load("hf:{options["repo"]}")')
