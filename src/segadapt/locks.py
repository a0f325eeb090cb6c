"""Locks on folders, held by one process alone and never by those that it forks.

A lock is gone with the process that took it, however that ended. Loader processes may outlive a
training that is killed by some seconds; they do not keep its folder.
"""

import fcntl
import os
import time
from pathlib import Path
from typing import Final, TextIO
from weakref import WeakSet

LOCK: Final = ".lock"
"""The file in a run folder that its training holds."""

PATIENCE: Final = 0.5
"""Seconds to wait for a lock: a process that was killed takes a moment to be gone, and others may
look at the lock in passing."""

_HELD: WeakSet[TextIO] = WeakSet()


class Held(Exception):
    """Another process has the lock.

    Args:
        said: What the lock file says.
    """

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


def hold(file: Path) -> TextIO:
    """Take a lock, until the file that is returned is closed.

    Raises:
        Held: If another process keeps it.
        OSError: If the file cannot be written.
    """
    lock = file.open("a+")
    end = time.monotonic() + PATIENCE
    while not _taken(lock, fcntl.LOCK_EX):
        if time.monotonic() > end:
            lock.seek(0)
            said = lock.read(200)
            lock.close()
            raise Held(said)
        time.sleep(0.02)
    _HELD.add(lock)
    return lock


def is_held(folder: Path) -> bool:
    """Whether a process is training in a run folder at this moment; nothing is written."""
    if not (folder / LOCK).is_file():  # a pipe, say, would be waited for
        return False
    lock = (folder / LOCK).open()
    with lock:
        return not _taken(lock, fcntl.LOCK_SH)


def true_state(folder: Path, said: str) -> str:
    """The state of a run: one that says ``running`` while no process trains was interrupted.

    Args:
        folder: Run folder.
        said: State in its run.json.
    """
    return "interrupted" if said == "running" and not is_held(folder) else said


def _taken(lock: TextIO, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _let_go() -> None:
    """In a child: the parent keeps its locks, until it ends."""
    for lock in _HELD:
        lock.close()


os.register_at_fork(after_in_child=_let_go)
