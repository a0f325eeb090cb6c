"""How the user called us: messages print further commands in the same form."""

import sys
from pathlib import Path
from typing import Final

SCRIPTS: Final = {"train": "train.py", "convert": "scripts/convert_mmseg.py"}
"""Doors of a checkout whose names do not follow from the verb."""

COMMANDS: Final = ("segadapt", "segadapt-train")
"""What the wheel installs; with an ending on Windows."""


def command(verb: str) -> str:
    """The beginning of a command line for a verb.

    Args:
        verb: A verb of the ``segadapt`` command, such as ``evaluate``.

    Returns:
        ``segadapt evaluate``, ``python -m segadapt evaluate`` or ``python scripts/evaluate.py``.
    """
    called = Path(sys.argv[0] if sys.argv else "")
    if called.stem in COMMANDS:
        return f"segadapt {verb}"
    if called.name == "__main__.py" and called.parent.name == "segadapt":
        return f"python -m segadapt {verb}"
    name = verb.replace("-", "_")
    return f"python {SCRIPTS.get(verb, f'scripts/{name}.py')}"
