"""Reading of regular files, and the reasons why a file cannot be read."""

import os
import pickle
import stat
from pathlib import Path
from typing import BinaryIO, Final

UNREADABLE: Final = (
    pickle.UnpicklingError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""Errors of torch's checkpoint reader on other files: it takes the letters of a text for commands
of the pickle format, which fail in various ways."""


def reason(error: Exception) -> str:
    """The reason why a file could not be read, in one line."""
    lines = str(error).splitlines()
    return (
        lines[0]
        if lines and isinstance(error, OSError | RuntimeError)
        else "it is not a checkpoint"
    )


def read_regular(file: Path, count: int = -1) -> bytes:
    """The beginning of a file, or all of it; pipes and devices, which may never end, are refused.

    Args:
        file: The file.
        count: Largest number of bytes; -1 for all.

    Raises:
        ValueError: If it cannot be read, or is not a regular file.
    """
    try:
        with open_regular(file) as opened:
            return opened.read(count)
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from error


def open_regular(file: Path) -> BinaryIO:
    """Open a file for reading, without waiting for a pipe.

    Args:
        file: The file; a link is followed.

    Raises:
        ValueError: If it is not a regular file.
        OSError: If it cannot be opened.
    """
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError(f"{file} is not a regular file; replace it by one, or remove it")
    return os.fdopen(descriptor, "rb")
