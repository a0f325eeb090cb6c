"""The real commands, typed in a folder of their own; forked, so that nothing is imported twice."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import torch
from preloading import preload
from runs import wait


class Answer(NamedTuple):
    """Output of a command on the terminal, and its exit code."""

    code: int
    out: str
    err: str


def command(
    entry: Callable[[], None],
    folder: Path,
    *overrides: str,
    patience: float = 120,
    **variables: str,
) -> Answer:
    """Call an entry point as ``python SCRIPT OVERRIDES`` in a folder would."""
    folder.mkdir(parents=True, exist_ok=True)
    out, err = folder / ".out", folder / ".err"
    preload()
    sys.stdout.flush()
    sys.stderr.flush()
    if not (pid := os.fork()):
        code = 70
        with suppress(BaseException):
            code = _command(entry, folder, (out, err), overrides, variables)
        os._exit(code)
    code = wait(pid, patience)
    return Answer(code, out.read_text(), err.read_text())


def _command(
    entry: Callable[[], None],
    folder: Path,
    files: Sequence[Path],
    overrides: Sequence[str],
    variables: dict[str, str],
) -> int:
    out, err = (file.open("w") for file in files)
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    sys.stdout, sys.stderr = out, err
    sys.argv = ["train.py", *overrides]
    os.environ.update(variables)
    os.chdir(folder)
    torch.set_num_threads(1)
    try:
        entry()
        code = 0
    except SystemExit as end:
        code = _exit_code(end)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    out.flush()
    err.flush()
    return code


def _exit_code(end: SystemExit) -> int:
    """The exit code that the interpreter derives from it."""
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    print(end.code, file=sys.stderr)
    return 1
