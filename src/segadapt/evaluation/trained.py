"""A network's weights, from a checkpoint."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor, nn

from segadapt.runs.checkpoint import read_stored
from segadapt.runs.origin import RUN
from segadapt.segmentor import Segmentor


class Weights(NamedTuple):
    """What a checkpoint holds for inference."""

    file: Path
    sha256: str
    """Digest of the bytes that the tensors were read from."""
    step: int
    tensors: dict[str, Tensor]
    run: dict[str, Any] | None
    """Which run wrote it (see :class:`segadapt.runs.origin.Origin`); None where it does not say."""


def read_weights(file: Path) -> Weights:
    """Read a checkpoint, and nothing from it but tensors and numbers.

    Raises:
        ValueError: If the file is damaged or something else.
    """
    content, sha256 = read_stored(file)
    try:
        tensors, step = content["state_dict"], content["global_step"]
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"{file} cannot be read as a checkpoint of a training: it lacks state_dict or "
            "global_step; give checkpoint=last, checkpoint=best or such a file"
        ) from error
    model = {
        name.removeprefix("model."): value
        for name, value in tensors.items()
        if name.startswith("model.")
    }
    run = content.get(RUN)
    return Weights(file, sha256, step, model, run if isinstance(run, dict) else None)


def with_weights(model: Segmentor, weights: Weights) -> Segmentor:
    """The network with a checkpoint's weights.

    Raises:
        ValueError: If they are those of another network.
    """
    check_fit(model, weights.tensors, weights.file)
    model.load_state_dict(weights.tensors)
    return model


def check_fit(module: nn.Module, tensors: Mapping[str, Tensor], file: str | Path) -> None:
    """Compare names and shapes with those of a module.

    Raises:
        ValueError: If they differ.
    """
    own = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    theirs = {name: tuple(value.shape) for name, value in tensors.items()}
    odd = [name for name in own.keys() | theirs.keys() if own.get(name) != theirs.get(name)]
    if odd:
        first = min(odd)
        raise ValueError(
            f"{file} belongs to another network than the run's config.yaml: {len(odd)} weights "
            f"differ, such as {first} ({theirs.get(first, 'absent')} in the file, "
            f"{own.get(first, 'absent')} in the network)"
        )
