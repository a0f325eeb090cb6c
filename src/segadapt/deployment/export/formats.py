"""The files that a network is exported to, and how each of them is run again."""

import importlib.util
import json
import tempfile
import warnings
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.export import Dim, ExportedProgram

from segadapt.deployment.export.exported_network import ExportedNetwork
from segadapt.deployment.export.metadata import as_texts
from segadapt.deployment.export.parity import Runner
from segadapt.functional.pooling import average_pool
from segadapt.functional.replacing import Replacing

PACKAGES: Final = ("onnx", "onnxscript", "onnxruntime")
METADATA: Final = "segadapt.json"
"""Extra file of a ``.pt2``."""

LARGEST: Final = 2**31 - 2**20
"""Bytes of an ONNX file, whose format ends at 2 GiB."""

Size = tuple[int, int]


def check_installed() -> None:
    """Check that the packages for ONNX are installed.

    Raises:
        ValueError: If one is missing.
    """
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ValueError(
            f"format=onnx needs {', '.join(missing)}; install them with "
            "pip install 'segadapt[export]', or choose format=torch"
        )


def traced(network: ExportedNetwork, taken: str, trial: Size, fixed: bool) -> ExportedProgram:
    """The network as a program for any number of images, of any size or of one.

    Args:
        network: In evaluation mode on the CPU.
        taken: Key of ``INPUTS``.
        trial: Rows and columns of the image with which the network is traced.
        fixed: Whether the program takes only this size.

    Raises:
        ValueError: If the network asks questions about sizes that a program cannot.
    """
    dtype = torch.uint8 if taken == "uint8" else torch.float32
    image = torch.zeros(2, 3, *trial, dtype=dtype)
    free = {0: Dim.DYNAMIC} if fixed else {0: Dim.DYNAMIC, 2: Dim.DYNAMIC, 3: Dim.DYNAMIC}
    pooling = nullcontext() if fixed else any_size_pooling()
    try:
        with torch.no_grad(), network.default_type(), pooling, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's advice to itself
            return torch.export.export(network, (image,), dynamic_shapes=(free,), strict=False)
    except Exception as error:  # whatever part of torch could not follow
        reason = " ".join(str(error).split())[:300]
        way_out = "" if fixed else "; pass size=[ROWS,COLUMNS] to export it for one size"
        raise ValueError(
            f"torch.export cannot follow this network ({type(error).__name__}: {reason}){way_out}"
        ) from error


def any_size_pooling() -> Replacing:
    """A context in which pooling to a grid is traced for maps of any size.

    The conversion of ``F.adaptive_avg_pool2d`` to ONNX, in torch 2.10 to 2.15, keeps the bins of
    the map that was traced, and maps of other sizes get wrong values.
    """
    return Replacing({F.adaptive_avg_pool2d: average_pool})


def torch_file(program: ExportedProgram, metadata: Mapping[str, Any]) -> bytes:
    """A ``.pt2``, which ``torch.export.load`` reads."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "program.pt2"
        torch.export.save(program, file, extra_files={METADATA: json.dumps(metadata)})
        return file.read_bytes()


def torch_runner(file: Path) -> Runner:
    """Runs a ``.pt2`` as it was written."""
    module = torch.export.load(file).module()

    def run(image: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            answer: Tensor = module(torch.from_numpy(image))
        return answer.numpy()

    return run


def onnx_program(program: ExportedProgram, output: str) -> Any:
    """The program in ONNX's operators, its constants folded.

    Note:
        ``optimize=True`` also applies rules that take any number below 1e-8 for zero. They remove
        the 1e-12 that is added to the mass of a class, and a class without mass is then 0 / 0.
        Rules of this kind are left to the runtimes, which compare exactly.

    Raises:
        ValueError: If one of them does not exist there.
    """
    from onnxscript import optimizer

    names: dict[str, Any] = {"input_names": ["image"], "output_names": [output]}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            converted = torch.onnx.export(
                program, dynamo=True, verbose=False, optimize=False, **names
            )
            assert converted is not None
            optimizer.inline(converted.model)
            optimizer.fold_constants(converted.model)
            optimizer.remove_unused_nodes(converted.model)
            return converted
    except Exception as error:  # whatever part of torch could not follow
        reason = " ".join(str(error).split())[:300]
        raise ValueError(
            f"ONNX cannot represent this network ({type(error).__name__}: {reason}); choose "
            "format=torch"
        ) from error


def onnx_file(program: Any, metadata: Mapping[str, Any]) -> bytes:
    """An ONNX file with the metadata in its ``metadata_props``, each value as JSON.

    Raises:
        ValueError: If it would be too large for the format.
    """
    program.model.metadata_props.update(as_texts(metadata))
    size = sum(value.const_value.nbytes for value in program.model.graph.initializers.values())
    if size > LARGEST:
        raise ValueError(
            f"the weights take {size / 2**30:.1f} GiB, and an ONNX file has 2 at most; choose "
            "format=torch"
        )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.onnx"
        program.save(file, external_data=False)
        return file.read_bytes()


def described_onnx(content: bytes, metadata: Mapping[str, Any]) -> bytes:
    """An ONNX file with further metadata."""
    import onnx

    model = onnx.load_from_string(content)
    onnx.helper.set_model_props(model, as_texts(metadata))
    return model.SerializeToString()


def onnx_runner(file: Path) -> Runner:
    """Runs an ONNX file with onnxruntime on the CPU."""
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda image: session.run(None, {name: image})[0]
