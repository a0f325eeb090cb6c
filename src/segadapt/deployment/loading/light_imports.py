"""Imports that a trained network does without."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

TRACKER: Final = "wandb"


@contextmanager
def without_tracker() -> Iterator[None]:
    """Within it, wandb looks as if it were not installed, unless it is imported already.

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
