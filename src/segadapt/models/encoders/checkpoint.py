"""Reading a file of weights, and filling a network from named tensors, with nothing left silent."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor, nn

from segadapt.files import UNREADABLE, reason

log = logging.getLogger(__name__)


def read_weights(file: str | Path) -> dict[str, Tensor]:
    """The tensors of a ``.safetensors`` file or of a :func:`torch.save` checkpoint.

    Training scripts wrap them in ``state_dict``, ``model`` or ``teacher``, and put ``module.``
    in front of the names; both are taken off. Nothing but tensors is unpickled.

    Raises:
        ValueError: If there is no such file, or it holds something else.
    """
    content = read_file(file)
    content = content.get("teacher", content)
    return {
        name.removeprefix("module."): value
        for name, value in content.items()
        if torch.is_tensor(value)
    }


def read_file(file: str | Path) -> dict[str, Any]:
    """What timm takes for the weights in a file, and whatever stands beside them.

    Raises:
        ValueError: If there is no such file, or it holds something else.
    """
    if not Path(file).is_file():
        raise ValueError(f"there is no file {file}; check model.encoder.weights")
    try:
        return timm.models.load_state_dict(str(file), weights_only=True)
    except UNREADABLE as error:
        raise ValueError(
            f"{file} cannot be read as weights ({reason(error)}); pass a .safetensors "
            "file, or a state dict saved by torch.save"
        ) from error


def fill(network: nn.Module, state: Mapping[str, Tensor], file: str | Path) -> list[str]:
    """Copy tensors into a network that must find all of its own among them.

    Args:
        network: Filled in place.
        state: Tensors under the network's names.
        file: Where they come from, for messages.

    Returns:
        The names that the network has no place for; they are logged too.

    Raises:
        ValueError: If a tensor is missing or has another shape.
    """
    name, own = type(network).__name__, network.state_dict()
    # Only counts batches; checkpoints from before torch 0.4.1 lack it.
    missing = [n for n in own if n not in state and not n.endswith("num_batches_tracked")]
    if missing:
        raise ValueError(
            f"{file} does not fit {name}: {len(missing)} of {len(own)} tensors are missing, such "
            f"as {missing[0]}"
        )
    filled = {n: value for n, value in state.items() if n in own}
    for n, value in filled.items():
        if value.shape != own[n].shape:
            raise ValueError(
                f"{file} does not fit {name}: {n} is {tuple(value.shape)} there and "
                f"{tuple(own[n].shape)} here; it belongs to another variant of the network"
            )
    network.load_state_dict({**own, **filled})
    unused = sorted(state.keys() - own.keys())
    log.info("%s: %d tensors loaded, unused: %s", file, len(filled), ", ".join(unused) or "none")
    return unused
