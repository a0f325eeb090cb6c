"""Packages that only some figures need."""

import shlex
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

EXTRAS: Final = {
    "pytorch_grad_cam": ("a map of class activations", "grad-cam"),
    "umap": ("a plane by UMAP", "umap-learn"),
}
"""The figure that needs each module, and the package that provides it."""


def is_installed(module: str) -> bool:
    """Whether a module of ``EXTRAS`` can be imported."""
    return find_spec(module) is not None


def install_hint(module: str) -> str:
    """A sentence about a figure that needs a missing module, and how to install it."""
    drawn, package = EXTRAS[module]
    return f"{drawn} needs the package {package}: {installation(package)}"


def installation(package: str) -> str:
    """The command that installs a package; in a checkout, the extra with its version bounds."""
    root = Path(__file__).resolve().parents[4]
    if not (root / "pyproject.toml").is_file():
        return f"pip install {package}"
    python = Path(sys.executable)
    beside = python.with_name("uv")
    uv = shlex.quote(str(beside)) if beside.is_file() else "uv"
    return (
        f"{uv} pip install --python {shlex.quote(str(python))} -e {shlex.quote(f'{root}[figures]')}"
    )


def require_package(module: str) -> None:
    """Check that a module is installed.

    Raises:
        ValueError: If it is missing; says how to install it.
    """
    if not is_installed(module):
        raise ValueError(install_hint(module))
