"""Code that dynamo compiles: it cannot trace the shape checks, which only tests switch on."""

import runpy
import sys
import warnings
from functools import partial
from pathlib import Path

from commands import Answer, command


def run_unchecked(script: Path, folder: Path) -> Answer:
    """Run a script as in a process of its own; forked, so that torch is not imported again."""
    return command(partial(_run, script), folder, patience=600)


def _run(script: Path) -> None:
    hooks = [finder for finder in sys.meta_path if "jaxtyping" in type(finder).__module__]
    assert hooks, "nothing checks shapes in these tests"
    for hook in hooks:
        sys.meta_path.remove(hook)
    for name in [name for name in sys.modules if name.partition(".")[0] == "segadapt"]:
        del sys.modules[name]
    warnings.resetwarnings()
    runpy.run_path(str(script), run_name="__main__")
