"""Slow imports that a trained network does not need."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

TRACKER: Final = "wandb"


@contextmanager
def without_tracker() -> Iterator[None]:
    """A context in which wandb seems not to be installed, unless it is already imported.

    timm imports it for a function that writes summaries, which takes a second or two and is not
    used here.
    """
    modules: dict[str, Any] = sys.modules
    if TRACKER in modules:
        yield
        return
    modules[TRACKER] = None  # Python's own mark of a module that cannot be imported
    try:
        yield
    finally:
        del modules[TRACKER]
