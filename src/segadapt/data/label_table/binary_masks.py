"""Binary masks that hold both 1 and 255, of which 255 almost always marks unlabelled pixels."""

from collections.abc import Collection
from typing import Final

import numpy as np
from jaxtyping import UInt, UInt8

from segadapt.data.label_table.table import Color, LabelTable, Values

FOREGROUND: Final = Values((255, 1))
"""Values of the foreground by the word ``binary``; a table that means both lists 1 first."""


def check_mask(
    table: LabelTable, raw: UInt[np.ndarray, "H W"] | UInt8[np.ndarray, "H W 3"], where: str
) -> None:
    """Refuse a label with both 1 and 255 where the table is that of the word ``binary``.

    Args:
        table: The meaning of the values.
        raw: Numbers, or colours, of which nothing is refused.
        where: What errors name.

    Raises:
        ValueError: If the label holds both.
    """
    if _is_binary(table) and raw.ndim == 2 and (raw == 255).any() and (raw == 1).any():
        raise ValueError(_sentence(f"{where} holds"))


def check_masks(table: LabelTable, values: Collection[int | Color], where: str) -> None:
    """Refuse labels of which some hold 1 and others 255, as :func:`check_mask` does for one.

    Args:
        table: The meaning of the values.
        values: In any of the labels.
        where: What errors name.

    Raises:
        ValueError: If both are among the values.
    """
    if _is_binary(table) and {1, 255} <= set(values):
        raise ValueError(_sentence(f"{where} hold"))


def _is_binary(table: LabelTable) -> bool:
    return table.sources[1:] == (FOREGROUND,)


def _sentence(they_hold: str) -> str:
    return (
        f"{they_hold} both 1 and 255, which are one class by data.classes=binary, although 255 "
        "beside 1 usually marks pixels without a label; write classes.yaml with numbers: 0 and "
        "numbers: 1 for the two classes and ignored: 255, or with numbers: [1, 255] for the second "
        "class if both are foreground"
    )
