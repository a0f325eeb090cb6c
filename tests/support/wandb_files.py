"""The records of an offline W&B run, read without wandb's own reader."""

import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BLOCK, HEAD, START = 32768, 7, 7
FULL, LAST = 1, 4


def written_rows(file: Path, least: int) -> list[dict[str, Any]]:
    """The logged rows, once there are so many: wandb's process writes the last ones after its end.

    Args:
        file: ``run-ID.wandb`` of a run's folder.
        least: How many to wait for, 30 seconds at most.
    """
    begun = time.monotonic()
    while len(found := rows(file)) < least and time.monotonic() < begun + 30:
        time.sleep(0.02)
    return found


def rows(file: Path) -> list[dict[str, Any]]:
    """The logged rows in their order, as far as they are written; skips where wandb is missing."""
    protocol = pytest.importorskip("wandb.proto.wandb_internal_pb2")
    records = (protocol.Record.FromString(content) for content in contents(file.read_bytes()))
    histories = [record.history for record in records if record.HasField("history")]
    return [
        {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in one.item}
        for one in histories
    ]


def contents(data: bytes) -> Iterator[bytes]:
    """The records of a file in LevelDB's log format, in which a record may be split over blocks."""
    place, parts = START, b""
    while place + HEAD <= len(data):
        if (left := BLOCK - place % BLOCK) < HEAD:
            place += left
            continue
        _, length, kind = struct.unpack("<IHB", data[place : place + HEAD])
        parts += data[place + HEAD : place + HEAD + length]
        place += HEAD + length
        if kind in (FULL, LAST):
            yield parts
            parts = b""
