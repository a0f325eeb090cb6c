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
    """The rank that a checkpoint was trained with, as an override where the model has another.

    Args:
        decoder: ``cfg.model.decoder``.
        typed: The user's overrides, which are part of it already.
        config: Text of the config in the checkpoint; empty where there is none.
        file: The checkpoint, for messages.

    Raises:
        ValueError: If the rank is unknown and may be one or another, or the user's is wrong.
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
        f"{file} does not say the rank of its LightHam decoder, and no tensor shows it, but scores "
        f"depend on it: add {KEY}={MMSEGMENTATION} if it was trained with mmsegmentation 1.x, or "
        f"{KEY}={rank} if it comes from SegNeXt's authors"
    )
