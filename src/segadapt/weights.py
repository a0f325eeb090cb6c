"""A network's weights, from a checkpoint."""

from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from segadapt.checkpoint import read
from segadapt.protocol import sha256
from segadapt.segmentor import Segmentor


class Weights(NamedTuple):
    """What a checkpoint holds for inference."""

    file: Path
    sha256: str
    step: int
    tensors: dict[str, Tensor]


def read_weights(file: Path) -> Weights:
    """Read a checkpoint, and nothing from it but tensors and numbers.

    Raises:
        ValueError: If the file is damaged or something else.
    """
    content = read(file)
    try:
        tensors, step = content["state_dict"], content["global_step"]
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"{file} cannot be read as a checkpoint of a training: it lacks state_dict or "
            "global_step; give checkpoint=last, checkpoint=best or such a file"
        ) from error
    own = {name: value for name, value in tensors.items() if name.startswith("model.")}
    model = {name.removeprefix("model."): value for name, value in own.items()}
    return Weights(file, sha256(file), step, model)


def with_weights(model: Segmentor, weights: Weights) -> Segmentor:
    """The network with a checkpoint's weights.

    Raises:
        ValueError: If they are those of another network.
    """
    own = {name: value.shape for name, value in model.state_dict().items()}
    theirs = {name: value.shape for name, value in weights.tensors.items()}
    odd = [name for name in own.keys() | theirs.keys() if own.get(name) != theirs.get(name)]
    if odd:
        raise ValueError(
            f"{weights.file} belongs to another network than the run's config.yaml: "
            f"{len(odd)} weights differ, such as {min(odd)}"
        )
    model.load_state_dict(weights.tensors)
    return model
