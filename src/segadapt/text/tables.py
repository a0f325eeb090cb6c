"""Tables of text, to be written in any language."""

from collections.abc import Sequence
from typing import NamedTuple


class Table(NamedTuple):
    """What a table shows."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    foot: Sequence[str] = ()
    """A last row that sums up the others."""
