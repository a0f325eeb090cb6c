"""What file an export writes, and which words mean none."""

from pathlib import Path
from typing import Final, NamedTuple

from segadapt.deployment.export.exported_network import INPUTS, OUTPUTS
from segadapt.text.choices import check_choice

SUFFIXES: Final = {"onnx": ".onnx", "torch": ".pt2", "safetensors": ".safetensors"}
"""Of the file of each format."""


class Limits(NamedTuple):
    """What a file must reach, beside its network in single precision, to be kept."""

    farthest: float | None
    """Largest difference of scores; None: any that is a number."""
    equal: float
    """Least share of equal labels."""


PRECISIONS: Final = {
    "fp32": Limits(1e-3, 0.999),
    "fp16": Limits(None, 0.99),
    "int8": Limits(None, 0.9),
}
"""Of weights and products in the file."""


class Form(NamedTuple):
    """What file to write.

    Args:
        format: Key of ``SUFFIXES``.
        output: Key of ``OUTPUTS``.
        taken: Key of ``INPUTS``.
        size: The rows and columns that it takes; None: any.
        precision: Key of ``PRECISIONS``.
    """

    format: str = "onnx"
    output: str = "scores"
    taken: str = "uint8"
    size: tuple[int, int] | None = None
    precision: str = "fp32"


def check_form(form: Form, out: Path) -> None:
    """Refuse words that mean no file, before a network is loaded.

    Raises:
        ValueError: If one has no such value, or the file's name says something else.
    """
    for key, value, known in (
        ("format", form.format, SUFFIXES),
        ("output", form.output, OUTPUTS),
        ("input", form.taken, INPUTS),
        ("precision", form.precision, PRECISIONS),
    ):
        check_choice(key, value, known)
    if out.suffix != (suffix := SUFFIXES[form.format]):
        raise ValueError(f"out={out} does not end in {suffix}, as format={form.format} does")
    if form.size is not None and min(form.size) < 1:
        raise ValueError(f"size={list(form.size)}: sides have one pixel or more")
    if form.format == "safetensors" and form != Form("safetensors"):
        raise ValueError(
            "format=safetensors holds weights alone, which take any size; remove output=, "
            "input=, size= and precision="
        )
    if form.precision == "int8" and form.format != "onnx":
        raise ValueError(
            f"precision=int8 is onnxruntime's, and format={form.format} is not; choose format=onnx"
        )
