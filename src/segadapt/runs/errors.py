"""Errors of runs: one sentence for the user, and the traceback in a file."""

import os
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from omegaconf.errors import OmegaConfBaseException

from segadapt.runs.file_names import ERROR
from segadapt.runs.redaction import cleared
from segadapt.text.borders import printable

DEBUG = "SEGADAPT_DEBUG"
HEAD = 1 << 16
"""Bytes of error.txt within which the first line ends."""
USER_ERRORS = (ValueError, OSError, ImportError, OmegaConfBaseException)
"""Errors that a user can cause; all others are bugs of segadapt or of a library."""

NO_ANSWER = "another rank did not answer within trainer.strategy.timeout"
"""Beginning of the message of a rank that waited for another one in vain."""

OUTSIDE = (
    (
        re.compile(r"DataLoader worker .*(killed by signal|exited unexpectedly)"),
        "a data loading process ended",
        "; the system may have killed it for lack of memory: reduce data.num_workers",
    ),
    (re.compile(r"(?i)\btimed out\b|wait timeout|collective operation timeout"), NO_ANSWER, ""),
    (
        re.compile(
            r"(?i)connection (was )?(likely )?(closed|reset|refused)|broken pipe|connection error"
        ),
        "the connection to another rank broke",
        "",
    ),
)
"""Failures caused by other processes: pattern of the RuntimeError, meaning, and advice."""


class Interrupted(BaseException):
    """Raised when a run was asked to stop; it can be resumed from its last checkpoint.

    Like KeyboardInterrupt it is not an ``Exception``, because a signal may arrive while a library
    handles its own errors.

    Args:
        signum: Number of the signal.
        step: Optimiser steps in the checkpoint, if this process knows them.
    """

    def __init__(self, signum: int, step: int | None) -> None:
        super().__init__("interrupted" if step is None else f"interrupted at step {step}")
        self.signum = signum

    @property
    def exit_code(self) -> int:
        """128 plus the number of the signal, as in shells."""
        return 128 + self.signum


class RankFailed(Exception):
    """Raised when a process of the run ended early; its error is in the run folder.

    Args:
        sentence: Message of that process.
    """


def user_message(error: BaseException) -> str:
    """The message of an error for a user: one printable line without secrets."""
    return printable(cleared(_sentence(error)))


def _sentence(error: BaseException) -> str:
    chain = list(_chain(error))
    if memory := next((link for link in chain if is_memory(link)), None):
        return (
            f"out of memory ({_line(memory)}); reduce data.batch_size, or split it with "
            "trainer.accumulate_grad_batches (the optimiser sees the same batch), or reduce "
            "data.crop"
        )
    key = next((_key(link) for link in chain if _key(link)), None)
    where = f" (config key {key})" if key else ""
    cause = chain[-1]
    if isinstance(cause, RankFailed):
        return str(cause)
    if isinstance(cause, USER_ERRORS):
        return _line(cause) + _advice(cause) + where
    if cause is not error and isinstance(cause, TypeError):  # a constructor rejects its arguments
        return f"{_line(cause)}{where}"
    if meaning := _outside(cause):
        return meaning
    return f"Unexpected error: {type(cause).__name__}: {_line(cause)}{where}; please report it"


def record(folder: Path, error: BaseException) -> str:
    """Write an error with its traceback into a run folder, unless another process was first.

    Returns:
        Its message for the user.
    """
    message = user_message(error)
    trace = cleared("".join(traceback.format_exception(error)))
    try:
        with (folder / ERROR).open("x", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{message}\n\n{trace}")
    except FileExistsError:
        pass  # the first failure is the cause; later ones follow from it
    except OSError as second:  # e.g. the disk is full; the error itself matters more
        print(f"the traceback could not be saved: {_line(second)}", file=sys.stderr)
    return message


def recorded(folder: Path) -> str | None:
    """The message of the first failure in a run folder; None without one."""
    try:
        with (folder / ERROR).open("rb") as content:
            return content.read(HEAD).decode("utf-8", "replace").partition("\n")[0]
    except OSError:  # there is no such file or folder
        return None


def clear(folder: Path) -> None:
    """Remove the error of an earlier start of this run."""
    (folder / ERROR).unlink(missing_ok=True)


def from_outside(error: BaseException) -> bool:
    """Whether the cause lies outside the run, so that it can be resumed unchanged."""
    return isinstance(error, RankFailed) or _outside(error) is not None


def interruption(error: BaseException) -> Interrupted | KeyboardInterrupt | None:
    """The interruption behind an error; None if there is none.

    A signal may arrive in the middle of any code of a library, whose clean-up may then fail with an
    error of its own.
    """
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, (Interrupted, KeyboardInterrupt)):
            return link
        link = link.__cause__ or link.__context__
    return None


def debugging() -> bool:
    """Whether tracebacks are shown on the terminal (``SEGADAPT_DEBUG=1``)."""
    return os.environ.get(DEBUG, "0") not in ("", "0")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and the causes that it wraps, for errors of constructors."""
    yield error
    while _key(error) is not None and error.__cause__ is not None:
        error = error.__cause__
        yield error


def _key(error: BaseException) -> str | None:
    """The config key that Hydra was instantiating."""
    if type(error).__name__ != "InstantiationException":
        return None
    match = re.search(r"full_key: (\S+)", str(error))
    return match[1] if match else ""


def _line(error: BaseException) -> str:
    """The text of an error as one line; for one from a loader process, the original text."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        exists = isinstance(error, FileExistsError)  # raised when making a folder
        return f"{error.filename}: {'it is not a folder' if exists else error.strerror}"
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    if lines[0].startswith("Caught "):
        return lines[-1].removeprefix(f"{type(error).__name__}: ")
    return " ".join(lines)


def _outside(error: BaseException | None) -> str | None:
    """The message about another process, if one caused this error.

    Torch reports a dead loader process from a signal handler, so in the middle of any code, which
    may wrap it in an error of its own.
    """
    while error is not None:
        text = _line(error)
        for pattern, meaning, advice in OUTSIDE if isinstance(error, RuntimeError) else ():
            if pattern.search(text):
                return f"{meaning} ({text.rstrip(' .')}){advice}"
        error = error.__cause__ or error.__context__
    return None


def is_memory(error: BaseException) -> bool:
    """Whether an error means a lack of memory; decided without importing torch's classes."""
    text = str(error)
    return (
        type(error).__name__ in ("OutOfMemoryError", "MemoryError")
        or "DefaultCPUAllocator" in text
        or "CUDA out of memory" in text
    )


def _advice(error: BaseException) -> str:
    if "Expected more than 1 value per channel" in str(error):
        return (
            "; batch normalisation has only one value to normalise: train with two images or more "
            "on each rank (data.batch_size), or a model with group norm (model=tiny_group)"
        )
    return ""
