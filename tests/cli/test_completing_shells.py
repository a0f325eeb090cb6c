"""Completion as zsh and fish do it, driven from outside; bash is tried in test_main.py."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time

import pytest

from segadapt.cli.completion import SCRIPTS

pytestmark = pytest.mark.slow  # each asks a new Python process

LINES = [
    ("segadapt ev", "segadapt evaluate "),
    ("segadapt train classif", "segadapt train classifier="),
    ("segadapt train data=digi", "segadapt train data=digits "),
    ("segadapt train seed=1 model=segformer_mit_b", "segadapt train seed=1 model=segformer_mit_b"),
    ("segadapt compare base", "segadapt compare baseline="),
    ("segadapt evaluate run=some_r", "segadapt evaluate run=some_run/"),
    ("segadapt options inf", "segadapt options inference "),
]
"""What is typed, and what stands there after a tab."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a run folder in it, and the command as a wheel would install it."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "some_run").mkdir()
    command = folder / "bin" / "segadapt"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m segadapt "$@"\n')
    command.chmod(0o755)
    for shell, script in SCRIPTS.items():
        (folder / shell).write_text(script)
    return folder


def variables(place):
    path = f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "TERM": "dumb", "HOME": str(place), "ZDOTDIR": str(place)}


def needs(shell):
    reason = f"{shell} is not installed"
    return pytest.mark.skipif(shutil.which(shell) is None, reason=reason)


@needs("fish")
@pytest.mark.parametrize(("typed", "expected"), LINES)
def test_fish(typed, expected, place):
    code = f"source fish; complete -C '{typed}'"
    answer = subprocess.run(
        ["fish", "--no-config", "-c", code],
        cwd=place,
        env=variables(place),
        capture_output=True,
        text=True,
    )
    assert answer.stderr == ""
    last = expected.rpartition(" ")[2] or expected.split()[-1]
    offered = answer.stdout.splitlines()
    if typed == expected:
        assert offered == [f"model=segformer_mit_b{number}" for number in range(6)]
    else:
        assert offered == [last]


@needs("zsh")
def test_zsh(place):
    setup = (
        "autoload -U compinit; compinit -u -D; source zsh; "
        'show() { print -r -- "[[$BUFFER]]"; BUFFER=; zle reset-prompt }; '
        "zle -N show; bindkey '^X' show; bindkey '^I' complete-word; unsetopt list_beep"
    )
    child, terminal = pty.fork()
    if not child:
        os.chdir(place)
        os.execvpe("zsh", ["zsh", "-f", "-i"], variables(place))
    try:
        os.write(terminal, f"{setup}\n".encode())
        found = [completed(terminal, typed) for typed, _ in LINES]
    finally:
        os.close(terminal)
        os.waitpid(child, 0)
    assert found == [expected for _, expected in LINES]


def completed(terminal, typed, patience=60):
    """What stands on the command line after a tab."""
    os.write(terminal, f"{typed}\t\x18".encode())
    text, end = "", time.monotonic() + patience
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            text += os.read(terminal, 65536).decode()
        if shown := re.search(r"\[\[(segadapt[^]]*)\]\]", text):
            return shown[1]
    raise AssertionError(f"no answer to {typed!r}: {text!r}")
