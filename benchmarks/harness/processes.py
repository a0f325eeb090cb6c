"""Processes that benchmarks start: none of them outlives its benchmark."""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any


@contextmanager
def running(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process with a process group of its own, which is killed as a whole at the end.

    In this way, Ctrl-C in a terminal reaches the benchmark alone, which reports it in one sentence,
    and no process that the command has started runs beside the next measurement.

    Args:
        command: Program and arguments.
        **options: Further arguments of ``subprocess.Popen``.
    """
    process = subprocess.Popen(command, text=True, start_new_session=True, **options)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):  # the whole group has ended
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in filter(None, (process.stdin, process.stdout, process.stderr)):
            pipe.close()


def output_of(
    command: Sequence[str], code: int = 0, timeout: float | None = None, **options: Any
) -> str:
    """The output of a program that must end in a certain way.

    Args:
        command: Program and arguments.
        code: Expected exit code.
        timeout: Most seconds that it may take.
        **options: Further arguments of ``subprocess.Popen``.

    Raises:
        RuntimeError: If it ends with another exit code.
        subprocess.TimeoutExpired: If it takes longer.
    """
    pipe = subprocess.PIPE
    with running(command, stdout=pipe, stderr=pipe, **options) as process:
        output, errors = process.communicate(timeout=timeout)
    if process.returncode != code:
        name = " ".join(command)
        raise RuntimeError(
            f"{name} ended with exit code {process.returncode}, not {code}: {errors}"
        )
    return output
