"""The names of evaluations, and what to type for a report of that name."""

import re
from typing import Final

NAME: Final = re.compile(
    r"(?P<way>whole|slide|multiscale)(?P<windows>-windows)?(?P<context>-global)?"
    r"(?P<blend>-gaussian)?-(?P<checkpoint>last|best)(?P<split>-(?!\d)\w+)?"
)
"""As ``inference.named`` and ``segadapt evaluate`` write them."""


def options_of(name: str) -> list[str] | None:
    """Overrides with which ``segadapt evaluate`` writes a report of a name.

    Args:
        name: Such as ``slide-global-last``.

    Returns:
        None where the name does not tell: of a checkpoint or settings of one's own.
    """
    if not (parts := NAME.fullmatch(name)):
        return None
    way = "slide_multiscale" if parts["windows"] else parts["way"]
    return [
        f"inference={way}",
        *(["inference.context=global"] if parts["context"] else []),
        *(["inference.blend=gaussian"] if parts["blend"] else []),
        *(["checkpoint=best"] if parts["checkpoint"] == "best" else []),
        *([f"split={parts['split'][1:]}"] if parts["split"] else []),
    ]
