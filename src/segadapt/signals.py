"""Signals that ask a run to stop, from a user, a shell or a scheduler."""

import signal
from typing import Final

SCHEDULERS: Final = (signal.SIGUSR1, signal.SIGUSR2)
"""What a scheduler may be told to send before a job's time is over; submitit waits for one."""

STOPPING: Final = (signal.SIGTERM, signal.SIGINT, *SCHEDULERS)
"""After these a run saves and ends."""

EXIT_CODES: Final = frozenset(128 + number for number in STOPPING)
"""Of processes that stopped so, as shells have it."""


def hand_over(signum: int) -> None:
    """Once a run has saved, let the scheduler's own handler of the signal act, if there is one.

    That of submitit queues the job again and exits. The run must have restored what it found.
    """
    if signum in SCHEDULERS and callable(signal.getsignal(signum)):
        signal.raise_signal(signum)
