"""One colour for each arm throughout a page, the same as in the figures of ``plots=``."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from segadapt.analysis.style import COLORS, Look, arm_looks

LIGHTER: Final = 0.3
"""Share of white that is mixed into a colour for a dark page."""

DASHES: Final = {"-": "none", "--": "6 4", "-.": "6 3 1 3", ":": "1 4"}
"""SVG's patterns for matplotlib's line styles."""


class PageLook(NamedTuple):
    """How an arm looks on a page."""

    number: int
    """Its CSS class is ``arm-NUMBER``."""
    light: str
    dark: str
    dash: str
    """Of lines."""
    corner: str
    """Radius of the corners of points: the first seven arms have circles, others squares."""


def page_looks(labels: Iterable[str]) -> dict[str, PageLook]:
    """A look for each arm, by its label.

    Args:
        labels: Of all arms, in the order in which they were found.
    """
    looks = arm_looks(labels).items()
    return {label: _on_page(number, look) for number, (label, look) in enumerate(looks)}


def _on_page(number: int, look: Look) -> PageLook:
    lighter = [part + LIGHTER * (1 - part) for part in look.color]
    return PageLook(
        number,
        _hex(look.color),
        _hex(lighter),
        DASHES[look.line],
        "6px" if number < len(COLORS) else "0",
    )


def _hex(color: Iterable[float]) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in color)
