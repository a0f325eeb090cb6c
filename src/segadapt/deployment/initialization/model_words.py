"""The overrides that set the network of an origin, for errors."""

from pathlib import Path

from segadapt.runs.stored_config import read_overrides

MODEL = ("model=", "model/", "model.", "+model.", "++model.")


def model_words(folder: Path | None) -> str:
    """The overrides of a training that concern its model, after a colon; empty if there are none.

    Args:
        folder: Run folder; None for a bundle, which has no overrides.
    """
    words = None if folder is None else read_overrides(folder)
    chosen = [word for word in words or [] if word.startswith(MODEL)]
    return f": {' '.join(chosen)}" if chosen else ""
