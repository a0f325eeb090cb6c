"""Locks on folders, held by one process and not by its forks.

A lock is released when its process ends, however it ends. Loader processes may outlive a killed
training for some seconds, but do not hold its folder.
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
"""Lock file in a run folder, held by its training."""

PATIENCE: Final = 0.5
"""Seconds to wait for a lock: a killed process takes a moment to end, and others may test the lock
briefly."""

_HELD: WeakSet[TextIO] = WeakSet()


class Held(Exception):
    """Raised when another process holds the lock.

    Args:
        holder: Description of that process.
    """

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


def hold(file: Path, signed: bool = True) -> TextIO:
    """Take a lock, which is held until the returned file is closed.

    Args:
        file: The lock file.
        signed: Whether to write the process into the file.

    Raises:
        Held: If another process holds it.
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
        try:
            _sign(lock)
        except OSError:
            lock.close()
            raise
    return lock


def _sign(lock: TextIO) -> None:
    lock.truncate(0)
    lock.write(f"process {os.getpid()} on {socket.gethostname()}")
    lock.flush()


def hold_folder(
    path: Path,
    name: str,
    what: str,
    doing: str,
    way_out: str,
    holder: Callable[[Path], str] | None = None,
) -> TextIO:
    """Create and lock a folder for this process, and remove temporary files of killed processes.

    Args:
        path: Folder, which may exist.
        name: Name of the lock file in it.
        what: Kind of folder, such as "run folder".
        doing: Activity of a process with the lock, such as "training".
        way_out: Override that names another folder.
        holder: Names the process that holds the folder, if its lock is not signed, so that a
            refused start does not change the folder.

    Returns:
        The lock, which is held until it is closed.

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
    if not (folder / LOCK).is_file():  # a pipe, for example, would block
        return False
    lock = (folder / LOCK).open()
    with lock:
        return not _taken(lock, fcntl.LOCK_SH)


def true_state(folder: Path, noted: str) -> str:
    """The actual state of a run: ``interrupted`` if noted as ``running`` but no process trains.

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
