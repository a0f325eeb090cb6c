"""A network prepared for export in a given form."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import OmegaConf
from safetensors.torch import load_file
from safetensors.torch import save as safetensors_of

from segadapt.deployment.export.exported_network import INPUTS, OUTPUTS, ExportedNetwork, student_of
from segadapt.deployment.export.form import Form
from segadapt.deployment.export.formats import (
    described_onnx,
    onnx_file,
    onnx_program,
    onnx_runner,
    torch_file,
    torch_runner,
    traced,
)
from segadapt.deployment.export.metadata import as_texts
from segadapt.deployment.export.parity import Runner, as_taken
from segadapt.deployment.export.quantization import quantized
from segadapt.deployment.export.sides import sides_of
from segadapt.deployment.export.trial_images import calibration_images, planes
from segadapt.deployment.loading.trained_network import TrainedNetwork, built_network
from segadapt.deployment.sharing.bundle import shared_config
from segadapt.runs.config import value_at

Content = Callable[[Mapping[str, Any]], bytes]
"""The file, with its metadata."""


class Prepared(NamedTuple):
    """A network in the form of a file."""

    content: Content
    runner: Callable[[Path], Runner]
    """Function that makes a runner of the file."""
    facts: dict[str, Any]
    """Metadata about how it was made."""


def prepared(
    trained: TrainedNetwork, form: Form, size: tuple[int, int], images: str | None, out: Path
) -> Prepared:
    """Functions that write and run the file.

    Args:
        trained: The network.
        form: Form of the file.
        size: Rows and columns of the image with which the network is traced.
        images: Images of a calibration; None: the run's training images.
        out: The file.
    """
    student = student_of(trained.network)
    if form.format == "safetensors":
        tensors = {name: value.contiguous() for name, value in student.state_dict().items()}

        def weights(metadata: Mapping[str, Any]) -> bytes:
            return safetensors_of(tensors, as_texts(metadata))

        return Prepared(weights, partial(_weights_runner, trained), {})
    network = ExportedNetwork(student, form.output, form.precision == "fp16").eval()
    program = traced(network, form.taken, size, form.size is not None)
    if form.format == "torch":
        facts = {} if form.size is not None else sides_of(program, form.taken, min(size)).stored()
        return Prepared(partial(torch_file, program), torch_runner, facts)
    content = partial(onnx_file, onnx_program(program, form.output))
    if form.precision == "int8":
        return _quantized(content, trained, form, images, out)
    return Prepared(content, onnx_runner, {})


def _quantized(
    content: Content, trained: TrainedNetwork, form: Form, images: str | None, out: Path
) -> Prepared:
    """The same in 8 bits."""
    calibration = calibration_images(trained, images, out)
    batches = [as_taken(planes(image, form.size), form.taken) for image in calibration.images]
    made = quantized(content({}), batches, calibration.lacking)
    facts = {**made.stored(), "calibration_images": len(batches)}
    return Prepared(partial(described_onnx, made.content), onnx_runner, {"quantization": facts})


def _weights_runner(trained: TrainedNetwork, file: Path) -> Runner:
    """Runs the network that is built with the weights of a file."""
    import torch

    network = ExportedNetwork(student_of(built_network(trained.config, load_file(file), str(file))))
    return lambda image: network(torch.from_numpy(image)).numpy()


def trial_sizes(trained: TrainedNetwork, form: Form) -> list[tuple[int, int]]:
    """Rows and columns of the comparison: those asked for, or the crop and an uneven size."""
    if form.size is not None:
        return [form.size]
    plain: Any = OmegaConf.to_container(trained.config, resolve=True)
    crop: Sequence[int] = value_at(plain, "data.crop") or (256, 256)
    rows, columns = int(crop[0]), int(crop[1])
    return [(rows, columns), (rows * 3 // 4 + 1, columns + 7)]


def described(trained: TrainedNetwork, form: Form, size: tuple[int, int]) -> dict[str, Any]:
    """Metadata of the file rather than of the network."""
    if form.format == "safetensors":
        return {"config": shared_config(trained.config)}
    return {
        "input": INPUTS[form.taken],
        "output": OUTPUTS[form.output],
        "size": "any" if form.size is None else list(form.size),
        "stride": stride_of(trained, size),
        "precision": form.precision,
    }


def stride_of(trained: TrainedNetwork, size: tuple[int, int]) -> int:
    """Pixels of an image for each cell of the network's scores."""
    import torch

    with torch.no_grad():
        scores = trained.network(torch.zeros(1, 3, *size)).student.logits
    return round(size[0] / scores.shape[2])
