"""Message and files of a run that ends early: one sentence, and the traceback in a file."""

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
"""Bytes of error.txt in which the first line ends."""
USER_ERRORS = (ValueError, OSError, ImportError, OmegaConfBaseException)
"""What a user can cause; everything else is a fault of ours or of a library."""

NO_ANSWER = "another rank did not answer within trainer.strategy.timeout"
"""How the sentence of a rank begins that has waited for another one in vain."""

OUTSIDE = (
    (
        re.compile(r"DataLoader worker .*(killed by signal|exited unexpectedly)"),
        "a data loading process ended",
        "; the system may have killed it for lack of memory: reduce data.num_workers",
    ),
    (re.compile(r"(?i)\btimed out\b|wait timeout|collective operation timeout"), NO_ANSWER, ""),
    (
        re.compile(r"(?i)connection (was )?(closed|reset|refused)|broken pipe|connection error"),
        "the connection to another rank broke",
        "",
    ),
)
"""What other processes do to a run: the text of a RuntimeError, what it means, the way out."""


class Interrupted(BaseException):
    """The run was asked to stop: it has saved where it stands, or stops where it last saved.

    It is not an ``Exception``, as KeyboardInterrupt is not: a signal may come while a library
    handles errors of its own.

    Args:
        signum: Number of the signal.
        step: Optimiser steps in the checkpoint, where this process knows them.
    """

    def __init__(self, signum: int, step: int | None) -> None:
        super().__init__("interrupted" if step is None else f"interrupted at step {step}")
        self.signum = signum

    @property
    def exit_code(self) -> int:
        """As shells have it: 128 and the signal."""
        return 128 + self.signum


class RankFailed(Exception):
    """A process of the run ended early; its error is in the run folder.

    Args:
        sentence: What it said.
    """


def user_message(error: BaseException) -> str:
    """What an error says to a user, in one printable line, whatever is in it; without secrets."""
    return printable(cleared(_sentence(error)))


def _sentence(error: BaseException) -> str:
    chain = list(_chain(error))
    if memory := next((link for link in chain if _is_memory(link)), None):
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
    if cause is not error and isinstance(cause, TypeError):  # a constructor refuses its arguments
        return f"{_line(cause)}{where}"
    if meaning := _outside(cause):
        return meaning
    return f"Unexpected error: {type(cause).__name__}: {_line(cause)}{where}; please report it"


def record(folder: Path, error: BaseException) -> str:
    """Write an error with its traceback into a run folder, unless another process was first.

    Returns:
        Its sentence.
    """
    message = user_message(error)
    trace = cleared("".join(traceback.format_exception(error)))
    try:
        with (folder / ERROR).open("x", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{message}\n\n{trace}")
    except FileExistsError:
        pass  # the first failure is the cause; those that follow from it are not
    except OSError as second:  # the disk is full, say: the error itself matters more
        print(f"the traceback could not be saved: {_line(second)}", file=sys.stderr)
    return message


def recorded(folder: Path) -> str | None:
    """The sentence of the first failure in a run folder."""
    try:
        with (folder / ERROR).open("rb") as content:
            return content.read(HEAD).decode("utf-8", "replace").partition("\n")[0]
    except OSError:  # there is none, or no folder
        return None


def clear(folder: Path) -> None:
    """Remove what a former start of this run said."""
    (folder / ERROR).unlink(missing_ok=True)


def from_outside(error: BaseException) -> bool:
    """Whether something else than the run ended it, so that it can be resumed as it is."""
    return isinstance(error, RankFailed) or _outside(error) is not None


def debugging() -> bool:
    """Whether tracebacks are wanted on the terminal."""
    return os.environ.get(DEBUG, "0") not in ("", "0")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what it was raised from, as far as it wraps errors of constructors."""
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
    """The text of an error as one line; of one passed on by a loader process, the error's own."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        exists = isinstance(error, FileExistsError)  # where a folder was to be made
        return f"{error.filename}: {'it is not a folder' if exists else error.strerror}"
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    if lines[0].startswith("Caught "):
        return lines[-1].removeprefix(f"{type(error).__name__}: ")
    return " ".join(lines)


def _outside(error: BaseException | None) -> str | None:
    """What an error says of another process, if it does.

    Torch reports a dead loader process from a signal handler, so in the middle of anything, which
    may make an error of its own of it.
    """
    while error is not None:
        text = _line(error)
        for pattern, meaning, advice in OUTSIDE if isinstance(error, RuntimeError) else ():
            if pattern.search(text):
                return f"{meaning} ({text.rstrip(' .')}){advice}"
        error = error.__cause__ or error.__context__
    return None


def _is_memory(error: BaseException) -> bool:
    """Whether it is a lack of memory; torch's classes are not imported for that."""
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
