"""``segadapt export``: a trained network as one file that other programs run."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from omegaconf import OmegaConf
from safetensors.torch import load_file
from safetensors.torch import save as safetensors_of

from segadapt.deployment.bundle import shared_config
from segadapt.deployment.export_formats import (
    check_installed,
    onnx_file,
    onnx_program,
    onnx_runner,
    torch_file,
    torch_runner,
    traced,
)
from segadapt.deployment.export_images import in_sizes, trial_images
from segadapt.deployment.export_metadata import as_texts, metadata_of
from segadapt.deployment.export_parity import EQUAL, FARTHEST, Parity, Runner, measured
from segadapt.deployment.exported_network import INPUTS, OUTPUTS, ExportedNetwork, student_of
from segadapt.deployment.loading import read_network
from segadapt.deployment.trained_network import TrainedNetwork, built_network
from segadapt.files import replacing
from segadapt.runs.config import value_at

SUFFIXES: Final = {"onnx": ".onnx", "torch": ".pt2", "safetensors": ".safetensors"}
"""Of the file of each format."""

Content = Callable[[Mapping[str, Any]], bytes]
"""The file, with its metadata."""


class Form(NamedTuple):
    """What file to write.

    Args:
        format: Key of ``SUFFIXES``.
        output: Key of ``OUTPUTS``.
        taken: Key of ``INPUTS``.
        size: The rows and columns that it takes; None: any.
    """

    format: str = "onnx"
    output: str = "scores"
    taken: str = "uint8"
    size: tuple[int, int] | None = None


class Exported(NamedTuple):
    """A file that was kept."""

    file: Path
    parity: Parity
    origin: str
    """Of the images of the comparison."""


def export(
    source: str,
    out: Path,
    form: Form,
    checkpoint: str = "last",
    images: str | None = None,
    overwrite: bool = False,
    trust: bool = False,
) -> Exported:
    """Write a file, compare it with the network, and keep it if they agree.

    Args:
        source: Run folder, or a bundle.
        out: File to write.
        form: What file.
        checkpoint: ``last``, ``best`` or a file.
        images: Images of the comparison; None: the run's validation images.
        overwrite: Replace what is there.
        trust: Whether the config may build what is not on the list.

    Raises:
        ValueError: If there is no trained network, it cannot be exported so, something is in the
            way, or the file does not say what the network says.
    """
    check_form(form, out)
    if out.exists() and (out.is_dir() or not overwrite):
        raise ValueError(f"{out} exists; pass overwrite=true to replace a file, or another out=")
    if form.format == "onnx":
        check_installed()
    trained = read_network(source, checkpoint, trust)
    if not trained.data.form.is_plain:
        raise ValueError(
            "only networks for 8-bit RGB images are exported, and this one was trained on "
            f"{trained.data.form.channels} channels of depth {trained.data.form.depth}; use it "
            "with segadapt.load or segadapt predict"
        )
    trial = trial_images(trained, images, out)
    sizes = trial_sizes(trained, form)
    content, runner = prepared(trained, form, sizes[0])
    metadata = metadata_of(trained) | described(trained, form, sizes[0])
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = out.with_name(f".{out.name}.trial{SUFFIXES[form.format]}")
    try:
        beside.write_bytes(content(metadata))
        batches = in_sizes(trial.images, sizes)
        parity = measured(runner(beside), trained.network, batches, form.taken, form.output)
    finally:
        beside.unlink(missing_ok=True)
    if not parity.holds:
        raise ValueError(
            f"{out} was not kept, because it does not say what the network says ({parity}; at most "
            f"{FARTHEST:g} and at least {100 * EQUAL:g} % are asked for); try another format="
        )
    with replacing(out) as file:
        file.write(content(metadata | {"parity": parity.stored() | {"images": trial.origin}}))
    return Exported(out, parity, trial.origin)


def check_form(form: Form, out: Path) -> None:
    """Refuse words that mean no file, before a network is loaded.

    Raises:
        ValueError: If one has no such value, or the file's name says something else.
    """
    for key, value, known in (
        ("format", form.format, SUFFIXES),
        ("output", form.output, OUTPUTS),
        ("input", form.taken, INPUTS),
    ):
        if value not in known:
            raise ValueError(f"Unknown {key} {value!r}. Available: {', '.join(known)}.")
    if out.suffix != (suffix := SUFFIXES[form.format]):
        raise ValueError(f"out={out} does not end in {suffix}, as format={form.format} does")
    if form.size is not None and min(form.size) < 1:
        raise ValueError(f"size={list(form.size)}: sides have one pixel or more")
    if form.format == "safetensors" and form != Form("safetensors"):
        raise ValueError(
            "format=safetensors holds weights alone, which take any size; leave out output=, "
            "input= and size="
        )


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
        "precision": "fp32",
    }


def stride_of(trained: TrainedNetwork, size: tuple[int, int]) -> int:
    """Pixels of an image for each cell of the network's scores."""
    import torch

    with torch.no_grad():
        scores = trained.network(torch.zeros(1, 3, *size)).student.logits
    return round(size[0] / scores.shape[2])


def prepared(
    trained: TrainedNetwork, form: Form, size: tuple[int, int]
) -> tuple[Content, Callable[[Path], Runner]]:
    """How the file is written, and how it is run."""
    student = student_of(trained.network)
    if form.format == "safetensors":
        tensors = {name: value.contiguous() for name, value in student.state_dict().items()}

        def weights(metadata: Mapping[str, Any]) -> bytes:
            return safetensors_of(tensors, as_texts(metadata))

        return weights, partial(_weights_runner, trained)
    network = ExportedNetwork(student, form.output).eval()
    program = traced(network, form.taken, size, form.size is not None)
    if form.format == "torch":
        return partial(torch_file, program), torch_runner
    return partial(onnx_file, onnx_program(program, form.output)), onnx_runner


def _weights_runner(trained: TrainedNetwork, file: Path) -> Runner:
    """Runs the network that is built with the weights of a file."""
    import torch

    network = ExportedNetwork(student_of(built_network(trained.config, load_file(file), str(file))))
    return lambda image: network(torch.from_numpy(image)).numpy()
