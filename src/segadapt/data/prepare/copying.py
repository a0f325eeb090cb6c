"""Copies of bytes from one place to another, with an error when the disk is full."""

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from segadapt.data.prepare.progress_bars import Advance

BLOCK: Final = 1 << 18
"""Bytes at a time."""

FULL: Final = (errno.ENOSPC, errno.EDQUOT)


def copy(read: Callable[[int], bytes], write: Callable[[bytes], int], advance: Advance) -> int:
    """Copy until the source ends.

    Args:
        read: Returns at most the given number of bytes, none at the end.
        write: Takes them.
        advance: Receives the number of bytes copied.

    Returns:
        Bytes copied.
    """
    copied = 0
    while block := read(BLOCK):
        write(block)
        copied += len(block)
        advance(len(block))
    return copied


def check_room(folder: Path, needed: int, purpose: str) -> None:
    """Refuse what will not fit.

    Args:
        folder: Where on the disk.
        needed: Bytes.
        purpose: What they are for.

    Raises:
        ValueError: If fewer are free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ValueError(
            f"{purpose} needs {size(needed)}, but the disk of {folder} has {size(free)} free; free "
            "some space, or choose another root=PATH"
        )


@contextmanager
def full_disk_said(folder: Path, then: str) -> Iterator[None]:
    """Turn the error of a full disk into a sentence.

    Args:
        folder: What is written to.
        then: What a second call does.

    Raises:
        ValueError: If the disk is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise ValueError(
            f"the disk of {folder} is full; free some space and run the command again; {then}"
        ) from error


def size(count: int) -> str:
    """A number of bytes as people read it."""
    if count < 1_000_000:
        return f"{count:,} bytes"
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
