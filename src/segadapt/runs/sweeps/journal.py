"""The file in which Optuna stores a study: one JSON value per line, in order."""

import json
from pathlib import Path

from segadapt.text.bounded import MIB, read_bytes


def mend(file: Path) -> str | None:
    """Remove an incomplete last line, left when a process or its machine died.

    Optuna would append to it. The incomplete entry had not been reported yet.

    Args:
        file: The journal, which may not exist.

    Returns:
        A message about a removed line; None if there was none.

    Raises:
        ValueError: If another line is damaged.
    """
    if not file.is_file():
        return None
    content = read_bytes(file, 256 * MIB)
    whole, newline, rest = content.rpartition(b"\n")
    for number, line in enumerate(whole.split(b"\n") if newline else [], 1):
        _check(file, number, line)
    if not rest:
        return None
    with file.open("r+b") as journal:
        journal.truncate(len(content) - len(rest))
    return f"the last line of {file} was incomplete and has been removed"


def _check(file: Path, number: int, line: bytes) -> None:
    try:
        operation = json.loads(line)
    except (ValueError, RecursionError):  # also raised for bytes that are not text
        operation = None
    if not (isinstance(operation, dict) and "op_code" in operation):
        raise damaged(file, f"line {number} is not an operation of Optuna")


def damaged(file: Path, reason: str) -> ValueError:
    """The error about a journal that cannot be read."""
    return ValueError(
        f"{file} is damaged: {reason}; restore a copy of it, or start the search again in another "
        "folder with hydra.sweep.dir=FOLDER"
    )
