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
    """Train with a config from the parent process, which holds the run folder.

    Returns the exit code. An error is written into the folder, and the parent reports it once.
    """
    cfg = _config()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, _stop)  # from another program: the parent uses other signals
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
    """Read the config from the parent; it holds secrets, which are not stored on the disk."""
    length = sys.stdin.buffer.readline()
    if not length:  # the parent has ended
        os._exit(1)
    cfg = OmegaConf.create(sys.stdin.buffer.read(int(length)).decode())
    assert isinstance(cfg, DictConfig)
    remember(OmegaConf.to_container(cfg))
    return cfg


def _end_with_parent() -> None:
    """End this process with its parent, whose end closes standard input, even after kill -9."""
    os.read(0, 1)
    os._exit(1)


def _leave(code: int) -> NoReturn:
    """Run the exit handlers and end this process without shutting down the interpreter.

    A shutdown destroys threads of process groups that still wait for lost ranks. C++ then aborts
    the process, and its exit code would be that of SIGABRT.
    """
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _leave(main(Path(sys.argv[1])))
