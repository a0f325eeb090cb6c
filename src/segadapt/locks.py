"""Locks on folders, held by one process alone and never by those that it forks.

A lock is gone with the process that took it, however that ended. Loader processes may outlive a
training that is killed by some seconds; they do not keep its folder.
"""

import fcntl
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TextIO
from weakref import WeakSet

from segadapt.files import make_folder, sweep

LOCK: Final = ".lock"
"""The file in a run folder that its training holds."""

PATIENCE: Final = 0.5
"""Seconds to wait for a lock: a process that was killed takes a moment to be gone, and others may
look at the lock in passing."""

_HELD: WeakSet[TextIO] = WeakSet()


class Held(Exception):
    """Another process has the lock.

    Args:
        holder: Which one.
    """

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


def hold(file: Path, signed: bool = True) -> TextIO:
    """Take a lock, until the file that is returned is closed.

    Args:
        file: The lock file.
        signed: Whether it is to say which process has it.

    Raises:
        Held: If another process keeps it.
        OSError: If the file cannot be written.
    """
    lock = file.open("a+")
    end = time.monotonic() + PATIENCE
    while not _taken(lock, fcntl.LOCK_EX):
        if time.monotonic() > end:
            lock.seek(0)
            holder = lock.read(200) or "another process"
            lock.close()
            raise Held(holder)
        time.sleep(0.02)
    _HELD.add(lock)
    if signed:
        lock.truncate(0)
        lock.write(f"process {os.getpid()} on {socket.gethostname()}")
        lock.flush()
    return lock


def hold_folder(
    path: Path,
    name: str,
    what: str,
    doing: str,
    way_out: str,
    holder: Callable[[Path], str] | None = None,
) -> TextIO:
    """Make a folder for this process alone, without what killed ones have left half written.

    Args:
        path: Folder; may exist.
        name: Of the lock file in it.
        what: What it is for, such as "run folder".
        doing: What a process with the lock does, such as "training".
        way_out: Override that names another folder.
        holder: Says which process has the folder, where its lock is not signed: then a start that
            is refused changes no byte of the folder.

    Returns:
        The lock, which is kept until it is closed.

    Raises:
        ValueError: If another process holds it, or it cannot be written.
    """
    with make_folder(path, what, way_out):
        try:
            lock = hold(path / name, signed=holder is None)
        except Held as other:
            who = other.holder if holder is None else holder(path)
            raise ValueError(
                f"{who} is {doing} in {path}; wait for it, or choose another folder with {way_out}"
            ) from None
        sweep(path)
    return lock


def is_held(folder: Path) -> bool:
    """Whether a process is training in a run folder at this moment; nothing is written."""
    if not (folder / LOCK).is_file():  # a pipe, say, would be waited for
        return False
    lock = (folder / LOCK).open()
    with lock:
        return not _taken(lock, fcntl.LOCK_SH)


def true_state(folder: Path, noted: str) -> str:
    """The state of a run: one that says ``running`` while no process trains was interrupted.

    Args:
        folder: Run folder.
        noted: State in its run.json.
    """
    return "interrupted" if noted == "running" and not is_held(folder) else noted


def _taken(lock: TextIO, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _release() -> None:
    """Release the locks in a child process; the parent keeps its own until it ends."""
    for lock in _HELD:
        lock.close()


os.register_at_fork(after_in_child=_release)
