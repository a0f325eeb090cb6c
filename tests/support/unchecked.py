"""Code that dynamo compiles: it cannot trace the shape checks, which only tests switch on."""

import os
import subprocess
import sys
from pathlib import Path


def run_unchecked(script: Path, *words: str) -> list[str]:
    """The words that a script prints in a process of its own, which finds tests/support.

    Not in a fork of this one: after the first gradient torch refuses to make another there.
    """
    command = [sys.executable, str(script), *words]
    folders = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, folders))},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.split()
