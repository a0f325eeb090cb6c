"""``segadapt import-labels``: annotations of other tools as a data set of label images."""

from collections.abc import Sequence
from pathlib import Path

from segadapt.cli.places import CONF
from segadapt.cli.shell import answer
from segadapt.cli.words import check_given, check_range, read_words
from segadapt.files import expanded
from segadapt.runs.overrides import quoted_override
from segadapt.text.borders import print_line
from segadapt.text.invocation import command


def main(words: Sequence[str]) -> None:
    """Run one command line.

    Args:
        words: ``KEY=VALUE`` of conf/import_labels.yaml.
    """
    answer(lambda: import_labels(words))


def import_labels(words: Sequence[str]) -> None:
    """Import annotations as requested by the words."""
    options = read_words(words, CONF / "import_labels.yaml", optional=["background"])
    check_given(options, ("format", "source", "into"), "format=coco source=FILE into=FOLDER")
    check_range(options, "workers", 0)
    check_range(options, "max_pixels", 1)
    from rich.console import Console

    from segadapt.data.imports import importing
    from segadapt.data.imports.pictures import Wanted

    wanted = Wanted(
        source=expanded(options["source"]),
        images=_folder(options["images"]),
        masks=_folder(options["masks"]),
        split=options["split"],
        classes=tuple(options["classes"]),
        background=options["background"],
        ignored=tuple(options["ignored"]),
        overlap=options["overlap"],
        max_pixels=options["max_pixels"],
    )
    into = expanded(options["into"]).absolute()
    importing.import_labels(options["format"], wanted, into, Console(), options["workers"])
    place = quoted_override("data.root", expanded(options["into"]))
    print_line(
        f"check it with: {command('check-data')} data=folder {place} splits=[{wanted.split}]"
    )


def _folder(path: str | None) -> Path | None:
    return None if path is None else expanded(path)
