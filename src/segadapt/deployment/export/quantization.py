"""An ONNX file with weights and products of 8 bits, by onnxruntime."""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import onnx

PRODUCTS: Final = ("Conv", "MatMul", "Gemm")
"""Operators that are quantised if one input is weights; softmax, norms and resizing are not."""


class Quantized(NamedTuple):
    """A quantised file, and how it was made."""

    content: bytes
    method: str
    """``static``: ranges of activations are those of calibration images; ``dynamic``: they are
    found in each pass, and convolutions stay in single precision."""
    reason: str | None
    """Reason of dynamic quantisation."""

    def stored(self) -> dict[str, Any]:
        """The part that is stored in the file."""
        return {"method": self.method, "reason": self.reason}


def quantized(model: bytes, batches: Sequence[np.ndarray], lacking: str | None) -> Quantized:
    """Quantise statically, or dynamically without images or if onnxruntime cannot.

    Args:
        model: ONNX file in single precision.
        batches: Calibration images as the file takes them.
        lacking: The reason for dynamic quantisation if ``batches`` is empty.

    Raises:
        ValueError: If onnxruntime can do neither.
    """
    with tempfile.TemporaryDirectory() as name, _silent():
        folder = Path(name)
        (folder / "model.onnx").write_bytes(model)
        ready = _optimised(folder)
        if batches:
            try:
                return Quantized(_static(ready, batches), "static", None)
            except Exception as error:  # of whatever part of onnxruntime could not follow
                lacking = f"static quantisation failed ({_named(error)})"
        return Quantized(_dynamic(ready), "dynamic", lacking)


def _optimised(folder: Path) -> Path:
    """The file with shapes and folded batch norms, as onnxruntime needs it before quantisation."""
    from onnxruntime.quantization.shape_inference import quant_pre_process

    ready = folder / "ready.onnx"
    try:
        # symbolic inference gives up where rows and columns are free
        quant_pre_process(folder / "model.onnx", ready, skip_symbolic_shape=True)
    except Exception as error:
        raise ValueError(
            f"onnxruntime cannot prepare this network for int8 ({_named(error)}); choose "
            "precision=fp16 or fp32"
        ) from error
    return ready


def _static(ready: Path, batches: Sequence[np.ndarray]) -> bytes:
    import onnx
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    class Images(CalibrationDataReader):
        def __init__(self) -> None:
            self.rest = iter(batches)

        def get_next(self) -> dict[str, np.ndarray] | None:
            image = next(self.rest, None)
            return None if image is None else {"image": image}

    file = ready.with_name("static.onnx")
    quantize_static(
        ready,
        file,
        Images(),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=list(PRODUCTS),
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=_sensitive(onnx.load(ready).graph),
    )
    return file.read_bytes()


def _sensitive(graph: "onnx.GraphProto") -> list[str]:
    """Nodes that stay in single precision.

    They are products of attention, and of features with prototypes, which 8 bits on both sides
    blur, and the first and the last convolution: colours and scores lose most by rounding, and both
    layers are small.
    """
    weights = {entry.name for entry in graph.initializer}
    convolutions = [node.name for node in graph.node if node.op_type == "Conv"]
    products = [
        node.name
        for node in graph.node
        if node.op_type == "MatMul" and not weights.intersection(node.input)
    ]
    # onnxruntime would take an empty name for all nodes without one
    return list(filter(None, [*products, *convolutions[:1], *convolutions[-1:]]))


def _dynamic(ready: Path) -> bytes:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    file = ready.with_name("dynamic.onnx")
    try:
        quantize_dynamic(
            ready,
            file,
            op_types_to_quantize=["MatMul", "Gemm"],  # integer convolutions are slower than float
            per_channel=True,
            weight_type=QuantType.QInt8,
        )
    except Exception as error:
        raise ValueError(
            f"onnxruntime cannot quantise this network ({_named(error)}); choose precision=fp16 or "
            "fp32"
        ) from error
    return file.read_bytes()


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


@contextmanager
def _silent() -> Iterator[None]:
    """A context without onnxruntime's advice on each tensor, which goes to the root logger."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
