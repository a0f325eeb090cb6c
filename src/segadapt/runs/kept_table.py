"""The label table in a run folder, on which the run's results depend."""

import hashlib
from pathlib import Path

from segadapt.runs.file_names import TABLE


def table_digest(folder: Path) -> str | None:
    """Digest of the label table of a run; None if the run has none."""
    file = folder / TABLE
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.is_file() else None
