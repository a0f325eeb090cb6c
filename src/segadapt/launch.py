"""The processes of a run with several ranks: started from its folder, watched, ended together.

Lightning would start them from the command line again, which repeats a sweep in each of them and
lets a sweeper that draws values train different networks in one process group. Nothing here
imports torch unless GPUs have to be counted.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from omegaconf import DictConfig

from segadapt.failures import Interrupted, RankFailed, kept
from segadapt.signals import EXIT_CODES, STOPPING

PATIENCE = 5.0
"""Seconds that processes get to end by themselves once one of them has failed."""


def ranks_to_start(trainer: DictConfig, environment: Mapping[str, str] = os.environ) -> int:
    """How many processes this one has to start; 0 where it trains itself.

    Args:
        trainer: The config's ``trainer``.
        environment: Variables; torchrun and SLURM say there that the processes exist already.
    """
    if external(environment):
        return 0
    count = devices(trainer)
    return count if count > 1 else 0


def external(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a launcher (torchrun, srun, or this module) has started the processes of the run."""
    several = int(environment.get("SLURM_NTASKS", "1")) > 1 and "SLURM_PROCID" in environment
    return several or "LOCAL_RANK" in environment


def rank(environment: Mapping[str, str] = os.environ) -> int:
    """The number of this process over all nodes."""
    names = ("RANK", "SLURM_PROCID", "LOCAL_RANK") if external(environment) else ()
    return next((int(environment[name]) for name in names if name in environment), 0)


def devices(trainer: DictConfig) -> int:
    """How many processes a run has on this machine.

    Raises:
        ValueError: If ``devices`` is no number, list or auto.
    """
    match trainer.devices:
        case int(count):
            return count
        case str(text) if text.isdecimal():
            return int(text)
        case "auto" | -1 | "-1":
            return _gpus() if trainer.accelerator in ("auto", "gpu", "cuda") else 1
        case str(text) | bool(text):
            raise ValueError(f"trainer.devices={text}; it must be a number, a list or auto")
    return len(trainer.devices)


def launch(folder: Path, count: int, command: Sequence[str] = ()) -> None:
    """Run a training in ``count`` processes and wait for its end.

    A signal to this process is passed on to each of them: as SIGTERM, and a Ctrl-C after it as
    such. When one fails, all end.

    Args:
        folder: Run folder, which this process holds.
        count: Number of processes.
        command: What to run instead of the training, in tests.

    Raises:
        RankFailed: If a process fails.
        Interrupted: If they stopped for a signal.
    """
    command = command or (sys.executable, "-m", "segadapt.rank", str(folder))
    port, ranks = _free_port(), list[subprocess.Popen]()
    received: list[int] = []

    def pass_on(signum: int, _: FrameType | None) -> None:
        impatient = bool(received) and signum == signal.SIGINT
        received.append(signum)
        for process in ranks:
            process.send_signal(signal.SIGINT if impatient else signal.SIGTERM)

    with _Handling(STOPPING, pass_on):
        try:
            ranks += [_start(command, local, count, port) for local in range(count)]
            codes = _watch(ranks)
        finally:
            _end(ranks)
    killed = next((local for local, code in enumerate(codes) if code and code < 0), None)
    if received and killed is not None and codes[killed] == -signal.SIGTERM:
        raise Interrupted(received[0], None)  # it had not yet learnt to stop in order
    if killed is not None:
        name = signal.Signals(-(codes[killed] or 0)).name
        raise RankFailed(
            f"the process of rank {killed} was killed by {name}; all others were ended"
        )
    if EXIT_CODES.intersection(codes):
        raise Interrupted(received[0] if received else int(signal.SIGTERM), None)
    if any(codes):
        raise RankFailed(kept(folder) or f"the processes ended with the exit codes {codes}")


def _start(command: Sequence[str], local: int, count: int, port: int) -> subprocess.Popen:
    """One process, with what Lightning reads of processes that others have started.

    It has a session of its own, so that Ctrl-C reaches it through us alone, and a standard input
    that ends when we do, however we end.
    """
    own = {
        "LOCAL_RANK": str(local),
        "NODE_RANK": "0",
        "WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(_threads(count))),
    }
    kept_variables = {k: v for k, v in os.environ.items() if not k.startswith("SLURM_")}
    return subprocess.Popen(
        command, env={**kept_variables, **own}, stdin=subprocess.PIPE, start_new_session=True
    )


def _watch(ranks: Sequence[subprocess.Popen]) -> list[int | None]:
    """Wait until all have ended well or one has not; their exit codes."""
    while True:
        codes = [process.poll() for process in ranks]
        if any(codes) or None not in codes:
            return codes
        time.sleep(0.05)


def _end(ranks: Sequence[subprocess.Popen]) -> None:
    """Leave no process behind."""
    deadline = time.monotonic() + PATIENCE
    for process in ranks:
        try:
            process.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdin is not None
        process.stdin.close()


class _Handling:
    """Signal handlers for the time of a block, if it is the main thread's."""

    def __init__(self, signals: Sequence[int], handler: Callable) -> None:
        self.signals, self.handler = signals, handler

    def __enter__(self) -> None:
        self.before = [signal.signal(number, self.handler) for number in self.signals]

    def __exit__(self, *_: object) -> None:
        for number, handler in zip(self.signals, self.before, strict=True):
            signal.signal(number, handler)


def _gpus() -> int:
    import torch

    return max(torch.cuda.device_count(), 1)


def _threads(count: int) -> int:
    """Processors of each process."""
    return max(len(os.sched_getaffinity(0)) // count, 1)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
