"""One of the processes of a run with several ranks: python -m segadapt.rank RUN_FOLDER."""

import os
import sys
import threading
import traceback
from pathlib import Path

from segadapt.failures import Interrupted, debugging, keep
from segadapt.run_folder import load_config


def main(folder: Path) -> int:
    """Train by the config of a run folder that the parent process holds; the exit code.

    An error goes into the folder, from where the parent tells it once.
    """
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        from segadapt.experiment import fit

        fit(load_config(folder))
    except Interrupted as interruption:
        return interruption.exit_code
    except BaseException as error:
        keep(folder, error)
        if debugging():
            traceback.print_exc()
        raise SystemExit(1) from error
    return 0


def _end_with_parent() -> None:
    """Standard input ends when the parent does, even by kill -9."""
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
