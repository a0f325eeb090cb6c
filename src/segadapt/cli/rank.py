"""One of the processes of a run with several ranks: python -m segadapt.cli.rank RUN_FOLDER."""

import atexit
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from types import FrameType
from typing import NoReturn

from omegaconf import DictConfig, OmegaConf

from segadapt.runs.errors import Interrupted, debugging, record
from segadapt.runs.redaction import remember


def main(folder: Path) -> int:
    """Train by a config from the parent process, which holds the run folder; the exit code.

    An error goes into the folder, from where the parent reports it once.
    """
    cfg = _config()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, _stop)  # of somebody else: the parent asks by other signals
    try:
        from segadapt.experiment import fit

        fit(cfg)
    except Interrupted as interruption:
        return interruption.exit_code
    except BaseException as error:
        record(folder, error)
        if debugging():
            traceback.print_exc()
        return 1
    return 0


def _stop(number: int, _: FrameType | None) -> None:
    raise Interrupted(number, None)


def _config() -> DictConfig:
    """What the parent sends first; it holds secrets, which are not kept on the disk."""
    length = sys.stdin.buffer.readline()
    if not length:  # the parent has ended
        os._exit(1)
    cfg = OmegaConf.create(sys.stdin.buffer.read(int(length)).decode())
    assert isinstance(cfg, DictConfig)
    remember(OmegaConf.to_container(cfg))
    return cfg


def _end_with_parent() -> None:
    """Standard input ends when the parent does, even by kill -9."""
    os.read(0, 1)
    os._exit(1)


def _leave(code: int) -> NoReturn:
    """End this process with what is due at its end, but without taking the interpreter down.

    That destroys threads of process groups that still wait for ranks which are gone, and C++ then
    aborts the process: its exit code would be that of SIGABRT.
    """
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _leave(main(Path(sys.argv[1])))
