"""Signals that ask a run to stop, from a user, a shell, a terminal or a scheduler."""

import errno
import os
import signal
import termios
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

SCHEDULERS: Final = (signal.SIGUSR1, signal.SIGUSR2)
"""What a scheduler can be asked to send before a job's time is over; submitit waits for one."""

STOPPING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, *SCHEDULERS)
"""After these a run saves and ends."""

EXIT_CODES: Final = frozenset(128 + number for number in STOPPING)
"""Of processes that stopped so, as shells have it."""

UNCAUGHT: Final = frozenset(-number for number in (signal.SIGTERM, signal.SIGHUP))
"""Exit codes of processes that were asked to stop before they had learnt to stop in order."""

Handler = Callable[[int, FrameType | None], object]


@contextmanager
def handling(numbers: Iterable[int], handler: Handler) -> Iterator[None]:
    """Handle signals for the time of a block, if this is the main thread.

    A signal that is ignored stays so: ``nohup`` and background jobs of a script rely on it.
    """
    before = listen(numbers, handler)
    try:
        yield
    finally:
        restore(before)


def listen(numbers: Iterable[int], handler: Handler) -> dict[int, Handler | int | None]:
    """Handle signals from now on; what handled them before, for :func:`restore`."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    heard = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]
    return {number: signal.signal(number, handler) for number in heard}


def restore(before: dict[int, Handler | int | None]) -> None:
    """Undo :func:`listen`."""
    for number, handler in before.items():
        signal.signal(number, handler)


def unhandled() -> list[int]:
    """Signals that would end this process here and now, or that a scheduler's handler takes.

    Submitit's handler raises an error wherever the process is, which would look like a failure.
    """
    defaults = (signal.SIG_DFL, signal.default_int_handler)
    ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    numbers = [number for number in ending if signal.getsignal(number) in defaults]
    return [*numbers, *(number for number in SCHEDULERS if callable(signal.getsignal(number)))]


def leave_terminal() -> None:
    """After a hang-up, send output that went to the terminal nowhere: writing there would fail."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        if _hung_up(descriptor):
            os.dup2(nowhere, descriptor)
    os.close(nowhere)


def hand_over(signum: int) -> None:
    """Once a run has saved, let the scheduler's own handler of the signal act, if there is one.

    That of submitit queues the job again and exits. The run must have restored what it found.
    """
    if signum in SCHEDULERS and callable(signal.getsignal(signum)):
        signal.raise_signal(signum)


def _hung_up(descriptor: int) -> bool:
    try:
        termios.tcgetattr(descriptor)
    except termios.error as error:
        return error.args[0] == errno.EIO
    return False
