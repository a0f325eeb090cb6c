"""Checks of the files of a run, made before a comparison computes anything from them."""

import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from segadapt.runs.config import value_at
from segadapt.text.bounded import MIB

LARGE: Final = 32 * MIB
"""Largest size of a report or of a sweep's table, in bytes; 1000 classes take about 10 MiB."""

NEEDED: Final = ("seed", "inference", "data.crop", "data.module.val")
"""Keys of a config without which its run cannot be compared."""

PUBLISHED: Final = ("paper", "table", "row")
"""Keys that name an experiment of a paper's table."""


def check_config(config: Mapping[str, Any], file: Path) -> None:
    """Check that the config of a run has the entries that a comparison needs.

    Raises:
        ValueError: If it does not; names the file, the key and the value.
    """
    if lacking := [key for key in NEEDED if value_at(config, key) is None]:
        raise ValueError(
            f"{file} lacks {', '.join(lacking)}; it was written by another version of segadapt"
        )
    rules = {
        "seed": (_whole, "an integer"),
        "inference": (_mapping, "a mapping"),
        "inference._target_": (_text, "a name"),
        "data.crop": (_size, "two integers, rows and columns"),
        "data.name": (_text, "a name"),
        "data.steps": (_positive, "an integer >= 1"),
        "data.module.val": (_mapping, "a mapping"),
        "init.run": (_text, "a folder"),
        "init.sha256": (_text, "a digest"),
        "label": (_text, "a text"),
        "published": (_row, f"a mapping with {', '.join(PUBLISHED)}"),
        "published.miou": (_number, "a number"),
        "published.miou_ms": (_number, "a number"),
        "published.steps": (_positive, "an integer >= 1"),
    }
    _check(config, rules, file)


def check_report(report: Mapping[str, Any], file: Path) -> None:
    """Check that a report holds the scores and conditions that a comparison shows.

    Raises:
        ValueError: If it does not; names the file, the key and the value.
    """
    student = value_at(report, "results.student")
    if not isinstance(student, Mapping) or "miou" not in student:
        raise ValueError(f"{file} has no results.student.miou")
    if student["miou"] is None:
        raise ValueError(f"{file}: the mIoU is not a number (are there no labelled pixels?)")
    rules = {
        "results.student.miou": (_share, "a number from 0 to 1"),
        "results.student.classes": (_classes, "a list of classes, each with its name and IoU"),
        "results.student.boundary_iou": (_share, "a number from 0 to 1"),
        "results.student.trimap": (_bands, "a list of pixels and mIoU"),
        "results.coarse.miou": (_share, "a number from 0 to 1"),
        "results.oracle.miou": (_share, "a number from 0 to 1"),
        "protocol": (_mapping, "a mapping"),
        "protocol.inference": (_mapping, "a mapping"),
        "protocol.inference._target_": (_text, "a name"),
        "protocol.software": (_mapping, "a mapping"),
        "protocol.checkpoint": (_mapping, "a mapping"),
        "protocol.checkpoint.file": (_text, "a name"),
        "protocol.checkpoint.sha256": (_text, "a digest"),
        "protocol.checkpoint.step": (_whole, "an integer"),
        "protocol.checkpoint.run.id": (_text, "a name"),
    }
    _check(report, rules, file)


def check_times(facts: Mapping[str, Any], file: Path) -> None:
    """Check the start and end times in run.json.

    Raises:
        ValueError: If they are not dates and times with a zone.
    """
    _check(facts, dict.fromkeys(TIMES, (_moment, "a date and time with its zone")), file)


TIMES: Final = ("started", "ended")


def _check(content: Mapping[str, Any], rules: Mapping[str, Any], file: Path) -> None:
    for key, (holds, meaning) in rules.items():
        value = value_at(content, key)
        if value is not None and not holds(value):
            raise ValueError(f"{file}: {key} is {str(value)[:60]!r}, but must be {meaning}")


def _whole(value: Any) -> bool:
    return type(value) is int and abs(value) < 1 << 63


def _positive(value: Any) -> bool:
    return _whole(value) and value > 0


def _number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e9 and not math.isnan(value)


def _share(value: Any) -> bool:
    return _number(value) and 0 <= value <= 1


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _size(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_positive, value))


def _row(value: Any) -> bool:
    return isinstance(value, Mapping) and all(value.get(key) is not None for key in PUBLISHED)


def _classes(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, Mapping)
        and _text(one.get("name"))
        and (one.get("iou") is None or _share(one["iou"]))
        for one in value
    )


def _bands(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(band, Mapping)
        and _positive(band.get("pixels"))
        and (band.get("miou") is None or _share(band["miou"]))
        for band in value
    )


def _moment(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False
