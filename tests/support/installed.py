"""The wheel of the checkout in a fresh environment, and commands that run there."""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
UV = shutil.which(
    "uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
)
DIGITS = (
    "data=digits",
    "model=tiny",
    "classifier=cac",
    "trainer=cpu",
    "logger=none",
    "data.num_workers=0",
    "data.module.val.length=8",
    "data.crop=[64,64]",
    "data.batch_size=4",
)
"""Overrides of a training that takes seconds."""


class Installed(NamedTuple):
    """The environment with the wheel, and a folder to work in."""

    wheel: Path
    scripts: Path
    folder: Path

    @property
    def environment(self):
        kept = {name: os.environ[name] for name in ("LANG", "LC_ALL") if name in os.environ}
        return {
            **kept,
            "PATH": f"{self.scripts}:/usr/bin:/bin",
            "HOME": str(self.folder),
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
            "COLUMNS": "100",
        }

    def start(self, *words, variables=None, **streams):
        return subprocess.Popen(
            words,
            cwd=self.folder,
            env={**self.environment, **(variables or {})},
            text=True,
            stdin=subprocess.DEVNULL,
            **streams,
        )

    def run(self, *words, code=0, variables=None):
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = self.start(*words, variables=variables, **streams)
        out, err = process.communicate(timeout=900)
        said = f"{shlex.join(words)}\n{out}\n{err}"
        assert process.returncode == code, said
        assert "scripts/" not in said  # commands of a checkout
        assert "train.py" not in said
        return out, err


def built(folder):
    """The wheel of the checkout, built from a copy: an old build/ would travel with it."""
    if UV is None:
        pytest.skip("uv is not installed")
    copy = folder / "checkout"
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("src", "conf"):
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    # Without isolation, since that would fetch setuptools.
    words = ["build", "--wheel", "--offline", "--no-build-isolation", "--python", sys.executable]
    called(UV, *words, "--out-dir", str(folder), str(copy))
    (wheel,) = folder.glob("*.whl")
    return wheel


def called(*words):
    answer = subprocess.run(words, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr


def install(folder):
    """Build the wheel and install it in an environment of its own.

    The environment sees the libraries of this one and nothing of the checkout.

    Args:
        folder: Empty folder for both.
    """
    wheel, place = built(folder), folder / "environment"
    venv.create(place, symlinks=True)
    python = str(place / "bin" / "python")
    called(UV, "pip", "install", "--offline", "--no-deps", "--python", python, str(wheel))
    (packages,) = place.glob("lib/python*/site-packages")
    # Of a folder that is added like this, .pth files are not read: the checkout stays unseen.
    (packages / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    (folder / "work").mkdir()
    return Installed(wheel, place / "bin", folder / "work")
