"""The form of an exported file, and checks of its settings."""

from pathlib import Path
from typing import Final, NamedTuple

from segadapt.deployment.export.exported_network import INPUTS, OUTPUTS
from segadapt.evaluation.precision_names import EXPORTED
from segadapt.text.choices import check_choice

SUFFIXES: Final = {"onnx": ".onnx", "torch": ".pt2", "safetensors": ".safetensors"}
"""Suffix of the file of each format."""


class Limits(NamedTuple):
    """Agreement with the network in single precision that a file must reach to be kept."""

    farthest: float | None
    """Largest difference of scores; None for any finite one."""
    equal: float
    """Least fraction of equal labels."""


PRECISIONS: Final = {
    "fp32": Limits(1e-3, 0.999),
    "fp16": Limits(None, 0.99),
    "int8": Limits(None, 0.9),
}
"""Limits by the precision of weights and products in the file."""


def file_precision(name: str) -> str:
    """The precision of a file: also the names of other commands, such as ``16-true``, are taken."""
    return {full: short for short, full in EXPORTED.items()}.get(name, name)


class Form(NamedTuple):
    """Form of the file to write.

    Args:
        format: Key of ``SUFFIXES``.
        output: Key of ``OUTPUTS``.
        taken: Key of ``INPUTS``.
        size: Rows and columns of its input; None for any.
        precision: Key of ``PRECISIONS``.
    """

    format: str = "onnx"
    output: str = "scores"
    taken: str = "uint8"
    size: tuple[int, int] | None = None
    precision: str = "fp32"


def check_form(form: Form, out: Path) -> None:
    """Check the form before a network is loaded.

    Raises:
        ValueError: If a setting is unknown or does not match the name of the file.
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
