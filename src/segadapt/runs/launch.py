"""Processes of a run with several ranks: started from its folder, watched, and ended together.

Lightning would start them with the same command line, which would repeat a sweep in each of them; a
sweeper that draws values would then train different networks in one process group.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

from segadapt.runs.errors import NO_ANSWER, Interrupted, RankFailed, clear, recorded
from segadapt.runs.signals import EXIT_CODES, STOPPING, UNCAUGHT, handling, leave_terminal
from segadapt.text.invocation import CALLED

PATIENCE = 5.0
"""Seconds within which processes may end by themselves once one of them has failed."""


def launch(folder: Path, count: int, command: Sequence[str] = (), told: bytes = b"") -> None:
    """Run a training in ``count`` processes and wait for its end.

    A signal to this process asks each of them to stop; Ctrl-C after that kills them at once. If one
    fails, all are ended.

    Args:
        folder: Run folder, held by this process.
        count: Number of processes.
        command: Command to run instead of the training, for tests.
        told: Input of each process: the config with the secrets that its folder does not store.

    Raises:
        RankFailed: If a process fails.
        Interrupted: If they stopped because of a signal.
    """
    command = command or (sys.executable, "-m", "segadapt.cli.rank", str(folder))
    port, ranks = free_port(), list[subprocess.Popen]()
    request = _Request(ranks)
    with handling(STOPPING, request.hear):
        try:
            for local in range(count):
                ranks.append(_start(command, local, count, port))
                _tell(ranks[-1], told)
            request.repeat()  # to processes that had not been started yet
            first = _watch(ranks)
        finally:
            lost = _end(ranks)
    ended = [None if local in lost else process.returncode for local, process in enumerate(ranks)]
    if request.interrupted(ended) or EXIT_CODES.intersection(first):
        clear(folder)  # a rank's message about others that stopped before it
        raise Interrupted(request.signum or _signal_sent(first), None)
    if any(first):
        raise RankFailed(_failure(folder, first, lost))


class _Request:
    """A request to stop, passed on to the ranks.

    Args:
        ranks: Running processes; may grow.
    """

    def __init__(self, ranks: Sequence[subprocess.Popen]) -> None:
        self.ranks = ranks
        self.signum = 0
        """The first signal; None before it."""
        self.impatient = False

    def hear(self, number: int, _: FrameType | None) -> None:
        """Handle a signal."""
        if number == signal.SIGHUP:
            leave_terminal()
        self.impatient = self.impatient or bool(self.signum and number == signal.SIGINT)
        self.signum = self.signum or number
        self.repeat()

    def repeat(self) -> None:
        """Pass on the request again; a rank that is already stopping ignores it."""
        for process in self.ranks if self.signum else ():
            if self.impatient:
                process.kill()
            else:  # ranks share this terminal
                hang_up = self.signum == signal.SIGHUP
                process.send_signal(signal.SIGHUP if hang_up else signal.SIGTERM)

    def interrupted(self, codes: Sequence[int | None]) -> bool:
        """Whether ranks ended with ``codes`` because of the request.

        A rank that did not handle the signal yet was killed by it, and others may have failed
        because they lost it. If no rank stopped in one of these ways, they failed by themselves.
        """
        return self.impatient or (
            self.signum > 0 and bool((EXIT_CODES | UNCAUGHT).intersection(codes))
        )


def _signal_sent(codes: Sequence[int | None]) -> int:
    """The signal that another program sent to the ranks."""
    return next(code for code in codes if code in EXIT_CODES) - 128


def _failure(folder: Path, codes: Sequence[int | None], lost: Sequence[int]) -> str:
    """The cause of a failed run.

    Args:
        folder: Its folder.
        codes: Exit codes at the moment of the first failure.
        lost: Ranks that did not end by themselves after another had failed.
    """
    message = recorded(folder)
    if lost and message and message.startswith(NO_ANSWER):
        ranks = ", ".join(map(str, lost))
        return f"rank {ranks} stopped answering; all processes were ended ({message})"
    killed = next((local for local, code in enumerate(codes) if code and code < 0), None)
    if killed is not None:
        name = signal.Signals(-(codes[killed] or 0)).name
        return f"the process of rank {killed} was killed by {name}; all others were ended"
    return message or f"the processes ended with the exit codes {list(codes)}"


def _start(command: Sequence[str], local: int, count: int, port: int) -> subprocess.Popen:
    """Start one process with the variables that Lightning reads in externally started processes.

    It has its own session, so that Ctrl-C reaches it only through this process, and a standard
    input that ends when this process does, however it ends.
    """
    own = {
        "RANK": str(local),  # of the environment in which the run was started, it would be wrong
        "LOCAL_RANK": str(local),
        "NODE_RANK": "0",
        "WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        CALLED: os.environ.get(CALLED) or sys.argv[0],
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(_threads(count))),
    }
    kept_variables = {k: v for k, v in os.environ.items() if not k.startswith("SLURM_")}
    return subprocess.Popen(
        command, env={**kept_variables, **own}, stdin=subprocess.PIPE, start_new_session=True
    )


def _tell(process: subprocess.Popen, content: bytes) -> None:
    """Send a process its config through its standard input, which stays open afterwards."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # the process has ended; its exit code will be reported
        process.stdin.write(f"{len(content)}\n".encode() + content)
        process.stdin.flush()


def _watch(ranks: Sequence[subprocess.Popen]) -> list[int | None]:
    """Wait until all have succeeded or one has failed, and return their exit codes."""
    while True:
        codes = [process.poll() for process in ranks]
        if any(codes) or None not in codes:
            return codes
        time.sleep(0.05)


def _end(ranks: Sequence[subprocess.Popen]) -> list[int]:
    """End all processes, and return the ranks that did not end by themselves."""
    deadline, lost = time.monotonic() + PATIENCE, []
    for local, process in enumerate(ranks):
        try:
            process.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            lost.append(local)
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # closing flushes input that the process has not read
            process.stdin.close()
    return lost


def _threads(count: int) -> int:
    """Number of CPU threads for each process."""
    return max(len(os.sched_getaffinity(0)) // count, 1)


def free_port() -> int:
    """A currently unused port of the loopback interface."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
