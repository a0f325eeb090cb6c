"""``segadapt bundle``: a trained network as one folder or zip archive, to share."""

from collections.abc import Sequence

from segadapt.cli.places import CONF
from segadapt.cli.shell import answer
from segadapt.cli.words import check_given, read_words
from segadapt.files import expanded
from segadapt.text.borders import print_line


def main(words: Sequence[str]) -> None:
    """Run one command line.

    Args:
        words: ``KEY=VALUE`` of conf/bundle.yaml.
    """
    answer(lambda: bundle(words))


def bundle(words: Sequence[str]) -> None:
    """Write a bundle as requested by the words."""
    options = read_words(words, CONF / "bundle.yaml")
    check_given(options, ("run", "out"), "run=RUN out=FOLDER (or FILE.zip)")
    from segadapt.deployment.sharing import bundle as writer

    sample = options["sample"]
    place = writer.bundle(
        options["run"],
        expanded(options["out"]),
        options["checkpoint"],
        options["teacher"],
        None if sample is None else expanded(sample),
        options["overwrite"],
        options["trust_config"],
    )
    print_line(f'written: {place}; use it with segadapt.load("{place}")')
