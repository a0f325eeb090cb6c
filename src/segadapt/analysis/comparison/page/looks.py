"""One colour for each arm throughout a page, the same as in the figures of ``plots=``."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from segadapt.analysis.style import MARKERS, Look, arm_looks

LIGHTER: Final = 0.3
"""Fraction of white that is mixed into a colour for a dark page."""

DASHES: Final = {"-": "none", "--": "6 4", "-.": "6 3 1 3", ":": "1 4"}
"""SVG's patterns for matplotlib's line styles."""


class PageLook(NamedTuple):
    """Style of an arm on a page."""

    number: int
    """Number in its CSS class ``arm-NUMBER``."""
    light: str
    dark: str
    dash: str
    """Dash pattern of lines."""
    corner: str
    """Radius of the corners of points: the first seven arms have circles, others squares."""


def page_looks(labels: Iterable[str]) -> dict[str, PageLook]:
    """The style of each arm, by label.

    Args:
        labels: Labels of all arms, in the order of their folders.
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
        "6px" if number < len(MARKERS) else "0",
    )


def _hex(color: Iterable[float]) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in color)
