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
"""What is drawn with a module, and the package that brings it."""


def is_installed(module: str) -> bool:
    """Whether a module of ``EXTRAS`` can be imported."""
    return find_spec(module) is not None


def install_hint(module: str) -> str:
    """One sentence: what is not drawn without a module, and the way to it."""
    drawn, package = EXTRAS[module]
    return f"{drawn} needs the package {package}: {installation(package)}"


def installation(package: str) -> str:
    """What to type: in a checkout its extra, which keeps the versions that belong together."""
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
    """Stop where a module is missing.

    Raises:
        ValueError: With the way to it.
    """
    if not is_installed(module):
        raise ValueError(install_hint(module))
