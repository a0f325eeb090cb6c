"""A downloaded file of weights for a timm backbone."""

import logging
import sys
from collections.abc import Mapping
from typing import Any

import timm
import torch
from torch import Tensor, nn

from segadapt.functional.nonfinite import check_file
from segadapt.models.pretrained.weight_files import read_tensors

log = logging.getLogger(__name__)


def load_local(body: nn.Module, name: str, file: str, options: Mapping[str, Any]) -> list[str]:
    """Fill a timm feature extractor from a file of the whole classification network.

    Accepts files that timm publishes, and the formats that timm itself converts on loading, such as
    the authors' own files of Swin and ConvNeXt. Only tensors are unpickled.

    Args:
        body: The feature extractor, filled in place.
        name: timm's name of the network.
        file: A ``.safetensors`` file or a checkpoint of :func:`torch.save`.
        options: Options with which the network was created.

    Returns:
        The tensors of the file that the extractor does not use; they are also logged.

    Raises:
        ValueError: If the file cannot be read, or lacks a tensor, or has one of another shape, or
            one that holds NaN or infinity.
    """
    state = _converted(read_tensors(file), name, options)
    own = body.state_dict()
    places = {ours: _published_name(ours, state) for ours in own}
    missing = [ours for ours, theirs in places.items() if theirs is None]
    # It only counts batches; checkpoints from before torch 0.4.1 lack it.
    missing = [ours for ours in missing if not ours.endswith("num_batches_tracked")]
    if missing:
        raise ValueError(
            f"{file} does not fit {name}: {len(missing)} of {len(own)} tensors are missing, such "
            f"as {missing[0]}"
        )
    filled = {ours: state[theirs] for ours, theirs in places.items() if theirs is not None}
    for ours, value in filled.items():
        if value.shape != own[ours].shape:
            there, here = tuple(value.shape), tuple(own[ours].shape)
            raise ValueError(
                f"{file} does not fit {name}: {ours} is {there} there and {here} here; it belongs "
                "to another variant of the network"
            )
    check_file(filled, file)
    body.load_state_dict({**own, **filled})
    unused = sorted(state.keys() - set(places.values()))
    log.info("%s: %d tensors loaded, unused: %s", file, len(filled), ", ".join(unused) or "none")
    return unused


def _converted(
    state: dict[str, Tensor], name: str, options: Mapping[str, Any]
) -> dict[str, Tensor]:
    """The weights under timm's names, converted by timm's own function for the network."""
    with torch.device("meta"):
        whole = timm.create_model(name, **options)
    convert = vars(sys.modules[type(whole).__module__]).get("checkpoint_filter_fn")
    return state if convert is None else convert(state, whole)


def _published_name(ours: str, state: Mapping[str, Tensor]) -> str | None:
    """The tensor's name in the whole network, which timm's feature extractors flatten or wrap."""
    candidates = ours, ours.replace("_", ".", 1), ours.removeprefix("model.")
    return next((name for name in candidates if name in state), None)
