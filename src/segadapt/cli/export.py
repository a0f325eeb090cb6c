"""``segadapt export``: a trained network as one file that other programs run."""

from collections.abc import Sequence

from segadapt.cli.places import CONF
from segadapt.cli.shell import answer
from segadapt.cli.words import UsageError, check_given, read_words
from segadapt.files import expanded
from segadapt.text.borders import print_line


def main(words: Sequence[str]) -> None:
    """Run one command line.

    Args:
        words: ``KEY=VALUE`` of conf/export.yaml.
    """
    answer(lambda: export(words))


def export(words: Sequence[str]) -> None:
    """Write a file, as the words say."""
    options = read_words(words, CONF / "export.yaml")
    check_given(options, ("run", "out"), "run=RUN format=onnx out=FILE.onnx")
    size = _size(options["size"])
    from segadapt.deployment import export as exporter

    form = exporter.Form(options["format"], options["output"], options["input"], size)
    kept = exporter.export(
        options["run"],
        expanded(options["out"]),
        form,
        options["checkpoint"],
        options["images"],
        options["overwrite"],
        options["trust_config"],
    )
    print_line(f"compared with the network on {kept.origin}, {kept.parity}")
    print_line(f"written: {kept.file}")


def _size(sides: Sequence[str] | None) -> tuple[int, int] | None:
    """Rows and columns; None for any."""
    if not sides:
        return None
    if len(sides) != 2 or not all(side.isdecimal() for side in sides):
        raise UsageError(f"size=[{','.join(sides)}]: size takes two numbers, size=[ROWS,COLUMNS].")
    return int(sides[0]), int(sides[1])
