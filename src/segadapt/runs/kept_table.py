"""The label table that a run folder keeps, as a condition of its numbers."""

import hashlib
from pathlib import Path

from segadapt.runs.file_names import TABLE


def table_digest(folder: Path) -> str | None:
    """Digest of the table of a run, wherever it lies; None where the run keeps none."""
    file = folder / TABLE
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.is_file() else None
