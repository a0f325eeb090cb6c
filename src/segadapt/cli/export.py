"""``segadapt export``: a trained network as one file that other programs run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from segadapt.cli.places import CONF
from segadapt.cli.shell import answer
from segadapt.cli.words import UsageError, check_given, check_range, read_words
from segadapt.files import expanded
from segadapt.text.borders import print_line

if TYPE_CHECKING:
    from segadapt.deployment.export.export import Exported


def main(words: Sequence[str]) -> None:
    """Run one command line.

    Args:
        words: ``KEY=VALUE`` of conf/export.yaml.
    """
    answer(lambda: export(words))


def export(words: Sequence[str]) -> None:
    """Write a file as requested by the words."""
    options = read_words(words, CONF / "export.yaml")
    check_given(options, ("run", "out"), "run=RUN format=onnx out=FILE.onnx")
    size = _size(options["size"])
    check_range(options, "labelled", 0)
    from segadapt.deployment.export.export import export as write
    from segadapt.deployment.export.form import Form, file_precision

    precision = file_precision(options["precision"])
    form = Form(options["format"], options["output"], options["input"], size, precision)
    kept = write(
        options["run"],
        expanded(options["out"]),
        form,
        options["checkpoint"],
        options["images"],
        options["overwrite"],
        options["trust_config"],
        options["labelled"],
    )
    print_line(f"compared with the network on {kept.origin}, {kept.parity}")
    show(kept, form.precision)
    print_line(f"written: {kept.file}")


def show(kept: "Exported", precision: str) -> None:
    """Print how a file was quantised, the sides that it takes, and the accuracy of fp16 or int8.

    Args:
        kept: The file.
        precision: Its precision.
    """
    if quantization := kept.made.get("quantization"):
        images = quantization["calibration_images"]
        ranges = f"ranges of {images} images" if images else "ranges found in each pass"
        reason = f" ({quantization['reason']})" if quantization["reason"] else ""
        print_line(f"{quantization['method']} quantisation, {ranges}{reason}")
    least, largest = (kept.made.get(key) for key in ("least_side", "largest_side"))
    if (least or 1) > 1 or largest is not None:
        most = "" if largest is None else f" and at most {largest}"
        print_line(f"the file takes sides of at least {least} pixels{most}")
    if kept.unmeasured is not None:
        print_line(f"mIoU not measured: {kept.unmeasured}")
    if (accuracy := kept.accuracy) is not None:
        from rich.console import Console

        from segadapt.text.tables import Table

        print_line(f"mIoU on {accuracy.images} validation images, in one pass over each:")
        names = {"the network, fp32": accuracy.network, f"the file, {precision}": accuracy.file}
        rows = [[name, f"{100 * value:.2f}"] for name, value in names.items()]
        Console().print(Table(["", "mIoU %"], rows))


def _size(sides: Sequence[str] | None) -> tuple[int, int] | None:
    """Rows and columns of images; None for any."""
    if not sides:
        return None
    if len(sides) != 2 or not all(side.isdecimal() for side in sides):
        raise UsageError(f"size=[{','.join(sides)}]: size takes two numbers, size=[ROWS,COLUMNS].")
    return int(sides[0]), int(sides[1])
