"""Reading files of weights, and filling networks from named tensors, without silent omissions."""

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import timm
import torch
from torch import Tensor, nn

from segadapt.functional.nonfinite import check_file
from segadapt.text.regular_files import UNREADABLE, reason

log = logging.getLogger(__name__)

AROUND: Final = re.compile(r"^(?:(?:module|model)\.)+")
"""Prefix that data-parallel wrappers and Lightning add to all names of a network."""

WITHIN: Final = re.compile(
    r"(?:(?<=\.)|^)(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\."
)
"""Prefix that torch adds to names in a compiled, sharded or recomputed part of a network."""


def read_tensors(file: str | Path) -> dict[str, Tensor]:
    """The tensors of a ``.safetensors`` file or of a :func:`torch.save` checkpoint.

    Training scripts wrap them in ``state_dict``, ``model`` or ``teacher``, and wrappers of the
    network add prefixes; both are removed. Only tensors are unpickled.

    Raises:
        ValueError: If there is no such file, it has other contents, or two tensors have the same
            name.
    """
    content = _read_file(file)
    return unwrapped(content.get("teacher", content), file)


def unwrapped(content: Mapping[str, Any], file: str | Path) -> dict[str, Tensor]:
    """The tensors of a state dict under the names of the unwrapped network.

    Args:
        content: Tensors, whose names may have prefixes of any wrappers, and other values.
        file: Their source, for messages.

    Raises:
        ValueError: If two different tensors then have the same name.
    """
    tensors: dict[str, Tensor] = {}
    for wrapped, value in content.items():
        if not torch.is_tensor(value):
            continue
        name = AROUND.sub("", WITHIN.sub("", wrapped))
        if name in tensors and not torch.equal(tensors[name], value):
            raise ValueError(
                f"{file} holds two different tensors for {name}, one of them as {wrapped}; save "
                "the state dict of one network only"
            )
        tensors[name] = value
    return tensors


def _read_file(file: str | Path) -> dict[str, Any]:
    """The weights that timm finds in a file, and the other entries."""
    if not Path(file).is_file():
        raise ValueError(f"file not found: {file}; check model.encoder.weights")
    try:
        return timm.models.load_state_dict(str(file), weights_only=True)
    except UNREADABLE as error:
        raise ValueError(
            f"{file} cannot be read as weights ({reason(error)}); pass a .safetensors "
            "file, or a state dict saved by torch.save"
        ) from error


def fill(network: nn.Module, state: Mapping[str, Tensor], file: str | Path) -> list[str]:
    """Copy tensors into a network, for which none may be missing.

    Args:
        network: Filled in place.
        state: Tensors under the network's names.
        file: Their source, for messages.

    Returns:
        The names that the network does not use; they are also logged.

    Raises:
        ValueError: If a tensor is missing, has another shape, or holds NaN or infinity.
    """
    name, own = type(network).__name__, network.state_dict()
    # It only counts batches; checkpoints from before torch 0.4.1 lack it.
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
    check_file(filled, file)
    network.load_state_dict({**own, **filled})
    unused = sorted(state.keys() - own.keys())
    log.info("%s: %d tensors loaded, unused: %s", file, len(filled), ", ".join(unused) or "none")
    return unused
