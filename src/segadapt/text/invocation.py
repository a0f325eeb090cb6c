"""The form in which the user called segadapt; messages print further commands in the same form."""

import os
import re
import sys
from pathlib import Path
from typing import Final

SCRIPTS: Final = {"train": "train.py", "convert": "scripts/convert_mmseg.py"}
"""Scripts of a checkout whose names do not follow from the verb."""

NO_SCRIPT: Final = ("completion", "options")
"""Verbs without a script in a checkout."""

CALLED: Final = "SEGADAPT_CALLED"
"""Environment variable that tells the other processes of a run how the first one was called."""

COMMANDS: Final = ("segadapt", "segadapt-train")
"""Name of the command that the wheel installs; Windows adds a suffix."""


def command(verb: str) -> str:
    """The beginning of a command line for a verb.

    Args:
        verb: A verb of the ``segadapt`` command, such as ``evaluate``.

    Returns:
        ``segadapt evaluate``, ``python -m segadapt evaluate`` or ``python scripts/evaluate.py``.
    """
    called = Path(os.environ.get(CALLED) or (sys.argv[0] if sys.argv else ""))
    if called.stem in COMMANDS:
        return f"segadapt {verb}"
    module = called.name == "__main__.py" and called.parent.name == "segadapt"
    if module or verb in NO_SCRIPT:
        return f"python -m segadapt {verb}"
    name = verb.replace("-", "_")
    return f"python {SCRIPTS.get(verb, f'scripts/{name}.py')}"


def as_called(text: str) -> str:
    """Text in which each ``segadapt VERB`` is written in the form in which the user called it."""
    return re.sub(r"\bsegadapt ([a-z]+(?:-[a-z]+)*)\b", lambda match: command(match[1]), text)
