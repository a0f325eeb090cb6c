"""Packages that only some figures need."""

from importlib.util import find_spec
from typing import Final

EXTRAS: Final = {
    "pytorch_grad_cam": ("a map of class activations", "grad-cam"),
    "umap": ("a plane by UMAP", "umap-learn"),
}
"""What is drawn with a module, and the package that brings it."""


def there(module: str) -> bool:
    """Whether a module of ``EXTRAS`` can be imported."""
    return find_spec(module) is not None


def absence(module: str) -> str:
    """One sentence: what is not drawn without a module, and the way to it."""
    drawn, package = EXTRAS[module]
    return f"{drawn} needs the package {package}: pip install 'segadapt[figures]'"


def needed(module: str) -> None:
    """Stop where a module is missing.

    Raises:
        ValueError: With the way to it.
    """
    if not there(module):
        raise ValueError(absence(module))
