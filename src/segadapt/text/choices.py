"""Errors about unknown names, in the same words everywhere."""

from collections.abc import Collection, Iterable


def unknown(
    kind: str, name: object, names: Iterable[object], place: str = "", suggestion: str = ""
) -> str:
    """The sentences "Unknown split 'x'. Available: train, val.".

    Args:
        kind: Kind of the name, such as ``split``, or the key that has it.
        name: The unknown name.
        names: Available names.
        place: Where the name was looked up, such as ``in FOLDER``.
        suggestion: A question about the nearest name, from ``runs/settings/near.py``.
    """
    where = f" {place}" if place else ""
    available = ", ".join(map(str, names)) or "none"
    return f"Unknown {kind} {name!r}{where}.{suggestion} Available: {available}."


def check_choice(kind: str, name: object, names: Collection[object]) -> None:
    """Check that a name is one of those available.

    Args:
        kind: Kind of the name, such as ``split``, or the key that has it.
        name: The name.
        names: Available names.

    Raises:
        ValueError: If it is not; lists them.
    """
    if name not in names:
        raise ValueError(unknown(kind, name, names))
