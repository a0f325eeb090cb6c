"""The rank of LightHam's factorisation (SegNeXt), which no tensor of a checkpoint shows."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

KEY: Final = "model.decoder.rank"

MMSEGMENTATION: Final = 16
"""Rank in mmsegmentation's configs of all sizes; the authors' SegNeXt-B and L have 64."""

STATED: Final = re.compile(r"""\bMD_R['"]?\s*[:=]\s*(\d+)""")
"""Pattern of the rank in the text of a config."""


def rank_override(
    decoder: Mapping[str, Any], typed: Sequence[str], config: str, file: Path
) -> list[str]:
    """The rank of a checkpoint as an override, if the model has another one.

    Args:
        decoder: ``cfg.model.decoder``.
        typed: The user's overrides, which it already includes.
        config: Text of the config in the checkpoint; empty if there is none.
        file: The checkpoint, for messages.

    Raises:
        ValueError: If the rank is unknown and ambiguous, or the user's rank is wrong.
    """
    rank = decoder.get("rank")
    if rank is None:
        return []
    chosen = any(word.lstrip("+").startswith(f"{KEY}=") for word in typed)
    if stated := STATED.search(config):
        if chosen and int(stated[1]) != rank:
            raise ValueError(
                f"{file} was trained with rank {stated[1]}, as its config says, not with "
                f"{KEY}={rank}; omit {KEY}"
            )
        return [] if int(stated[1]) == rank else [f"{KEY}={stated[1]}"]
    if chosen or rank == MMSEGMENTATION:
        return []
    raise ValueError(
        f"{file} does not state the rank of its LightHam decoder. No tensor shows it, but scores "
        f"depend on it: add {KEY}={MMSEGMENTATION} if it was trained with mmsegmentation 1.x, or "
        f"{KEY}={rank} if it comes from SegNeXt's authors"
    )
