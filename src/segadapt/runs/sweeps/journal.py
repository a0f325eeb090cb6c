"""The file that Optuna keeps a study in: one JSON value a line, appended one after another."""

import json
from pathlib import Path

from segadapt.text.bounded import MIB, read_bytes


def mend(file: Path) -> str | None:
    """Cut off a last line that was half written when a process or its machine died.

    Optuna would append to it. What was told there had not been told yet.

    Args:
        file: The journal; may not be there.

    Returns:
        What was done, if anything.

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
    return f"the last line of {file} was half written and is dropped"


def _check(file: Path, number: int, line: bytes) -> None:
    try:
        operation = json.loads(line)
    except (ValueError, RecursionError):  # also of bytes that are no text
        operation = None
    if not (isinstance(operation, dict) and "op_code" in operation):
        raise damaged(file, f"line {number} is not an operation of Optuna")


def damaged(file: Path, reason: str) -> ValueError:
    """The sentence about a journal that cannot be read."""
    return ValueError(
        f"{file} is damaged: {reason}; put a copy of it back, or start the search again in another "
        "folder with hydra.sweep.dir=FOLDER"
    )
