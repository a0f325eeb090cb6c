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
"""Signals that schedulers send before the time limit of a job; submitit waits for one of them."""

STOPPING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, *SCHEDULERS)
"""Signals after which a run saves and ends."""

EXIT_CODES: Final = frozenset(128 + number for number in STOPPING)
"""Exit codes of processes that stopped after these signals, as in shells."""

UNCAUGHT: Final = frozenset(-number for number in (signal.SIGTERM, signal.SIGHUP, *SCHEDULERS))
"""Exit codes of processes that a signal killed before they installed a handler."""

Handler = Callable[[int, FrameType | None], object]


@contextmanager
def handling(numbers: Iterable[int], handler: Handler) -> Iterator[None]:
    """Handle signals within a block, if this is the main thread.

    An ignored signal stays ignored: ``nohup`` and background jobs of a script rely on that.
    """
    before = listen(numbers, handler)
    try:
        yield
    finally:
        restore(before)


def listen(numbers: Iterable[int], handler: Handler) -> dict[int, Handler | int | None]:
    """Handle signals from now on, and return the previous handlers for :func:`restore`."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    heard = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]
    return {number: signal.signal(number, handler) for number in heard}


def restore(before: dict[int, Handler | int | None]) -> None:
    """Undo :func:`listen`."""
    for number, handler in before.items():
        signal.signal(number, handler)


def unhandled() -> list[int]:
    """Signals that would kill this process, or that the handler of a scheduler takes.

    Submitit's handler raises an error in the middle of any code, which would look like a failure.
    """
    defaults = (signal.SIG_DFL, signal.default_int_handler)
    ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    numbers = [number for number in ending if signal.getsignal(number) in defaults]
    return [*numbers, *(number for number in SCHEDULERS if callable(signal.getsignal(number)))]


def leave_terminal() -> None:
    """After a hang-up, discard output to the terminal, because writing there would fail."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        if _hung_up(descriptor):
            os.dup2(nowhere, descriptor)
    os.close(nowhere)


def hand_over(signum: int) -> None:
    """After a run has saved, call the scheduler's own handler of the signal, if there is one.

    The handler of submitit requeues the job and exits. The run must have restored the handlers.
    """
    if signum in SCHEDULERS and callable(signal.getsignal(signum)):
        signal.raise_signal(signum)


def _hung_up(descriptor: int) -> bool:
    try:
        termios.tcgetattr(descriptor)
    except termios.error as error:
        return error.args[0] == errno.EIO
    return False
