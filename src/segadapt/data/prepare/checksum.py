"""Whether a file is the one that was published."""

import hashlib
from pathlib import Path

from segadapt.data.prepare.copying import BLOCK
from segadapt.data.prepare.progress_bars import Bars
from segadapt.data.prepare.recipe import Checksum


def matches(file: Path, checksum: Checksum | None, name: str, bars: Bars) -> bool:
    """Whether a file has the checksum; yes where none is published.

    Args:
        file: The file.
        checksum: What it should have.
        name: What the bar calls it.
        bars: Show how far it is.
    """
    if checksum is None:
        return True
    digest = hashlib.new(checksum.kind, usedforsecurity=False)
    with file.open("rb") as opened, bars.counted_bytes(f"check {name}", file.stat().st_size) as on:
        while block := opened.read(BLOCK):
            digest.update(block)
            on(len(block))
    return digest.hexdigest() == checksum.digest
