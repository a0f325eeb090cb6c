"""Code that dynamo compiles: it cannot trace the shape checks, which only tests switch on."""

import subprocess
import sys
from pathlib import Path


def run_unchecked(script: Path) -> list[str]:
    """The words that a script prints in a process of its own.

    Not in a fork of this one: after the first gradient torch refuses to make another there.
    """
    command = [sys.executable, str(script)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stderr
    return result.stdout.split()
