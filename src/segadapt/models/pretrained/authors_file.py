"""Weights that exist only as files of a network's authors, under their names."""

import re
from collections.abc import Container, Mapping, Sequence

import torch
from torch import Tensor, nn

from segadapt.models.pretrained.weight_files import fill, read_tensors

Renames = Sequence[tuple[str, str]]
"""Regular expressions and their replacements, applied to a name one after the other."""


def load_published(
    encoder: nn.Module, pretrained: bool, weights: str | None, renames: Renames
) -> None:
    """Start an encoder from its authors' file, or keep its random weights.

    Args:
        encoder: Filled in place.
        pretrained: Whether the run requests published weights; a given file is loaded in any case.
        weights: The authors' checkpoint of the encoder, or of a whole network around it.
        renames: From their names to ours.

    Raises:
        ValueError: If weights are requested without a file, or the file does not fit.
    """
    if weights is not None:
        places = encoder.state_dict().keys()
        fill(encoder, renamed(read_tensors(weights), renames, places), weights)
    elif pretrained:
        raise ValueError(
            f"the weights of {type(encoder).__name__} exist only as its authors' files: pass one "
            "as model.encoder.weights=FILE, or start from scratch with data.pretrained=false"
        )


def renamed(
    state: Mapping[str, Tensor], renames: Renames, places: Container[str]
) -> dict[str, Tensor]:
    """The tensors of an encoder under our names; others keep their names.

    Args:
        state: Tensors under the authors' names; mmsegmentation's ``backbone.`` is removed.
        renames: From those names to ours.
        places: Our names.

    Raises:
        ValueError: If two different tensors get the same name.
    """
    ours: dict[str, Tensor] = {}
    for theirs, value in state.items():
        name = theirs.removeprefix("backbone.")
        for pattern, replacement in renames:
            name = re.sub(pattern, replacement, name)
        name = name if name in places else theirs
        if name in ours and not torch.equal(ours[name], value):
            raise ValueError(
                f"the checkpoint holds two different tensors for {name}, one of them as {theirs}; "
                "it belongs to another version of the network"
            )
        ours[name] = value
    return ours
