"""The ledger of a folder of predictions: their settings, and whether they are finished."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from segadapt.files import write_json
from segadapt.text.bounded import MIB, read_object

PREDICTIONS: Final = "predictions.json"

LIMIT: Final = 256 * MIB


def begin(folder: Path, settings: Mapping[str, Any], overwrite: bool) -> int:
    """Note how predictions are made before the first is written; until the end it is unfinished.

    Args:
        folder: Folder of the predictions.
        settings: Settings that decide their content, as plain values.
        overwrite: Whether existing predictions are made again.

    Returns:
        Files that were modified earlier, in nanoseconds since 1970, are not of these settings.

    Raises:
        ValueError: If predictions are there that were made in another way.
    """
    file = folder / PREDICTIONS
    plain = json.loads(json.dumps(settings))
    if file.is_file() and not overwrite:
        facts = read_object(file, LIMIT)
        if (other := _difference(facts.get("settings"), plain)) is not None:
            key, kept, wanted = other
            raise ValueError(
                f"{folder} holds predictions with {key}={kept}, not {wanted}; choose another out=, "
                "or make them again with overwrite=true"
            )
        write_json(file, {**facts, "finished": False})
        return _since(facts)
    if folder.is_dir() and not overwrite and (files := sorted(folder.iterdir())):
        raise ValueError(
            f"{folder} is not empty ({files[0].name}) and has no {PREDICTIONS}; choose another "
            "out=, or write into it with overwrite=true"
        )
    earlier = read_object(file, LIMIT) if file.is_file() else {}
    begun = {"settings": plain, "finished": False, "since": _since(earlier)}
    write_json(file, begun)
    if earlier and _difference(earlier.get("settings"), plain) is not None:
        begun["since"] = file.stat().st_mtime_ns  # by the clock that stamps the other files
        write_json(file, begun)
    return _since(begun)


def _since(facts: Mapping[str, Any]) -> int:
    """Time since which the settings are those of the ledger; 0 for all its files."""
    since = facts.get("since")
    return since if isinstance(since, int) else 0


def _difference(kept: Any, plain: Any, key: str = "") -> tuple[str, Any, Any] | None:
    """The first value in which two settings differ, with its dotted key."""
    if isinstance(kept, dict) and isinstance(plain, dict):
        pairs = [(str(name), kept.get(name), value) for name, value in plain.items()]
    elif isinstance(kept, list) and isinstance(plain, list) and len(kept) == len(plain):
        numbers = map(str, range(len(plain)))
        pairs = list(zip(numbers, kept, plain, strict=True))
    else:
        return None if kept == plain else (key, kept, plain)
    inner = (_difference(old, new, f"{key}.{name}" if key else name) for name, old, new in pairs)
    return next((difference for difference in inner if difference is not None), None)


def end(folder: Path, content: Mapping[str, Any]) -> None:
    """Record the results of the predictions."""
    kept = read_object(folder / PREDICTIONS, LIMIT)
    write_json(folder / PREDICTIONS, {**kept, **content, "finished": True})
