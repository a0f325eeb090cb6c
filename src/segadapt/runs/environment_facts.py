"""Under what conditions a number was measured, so that it can be compared or repeated."""

import hashlib
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from segadapt.structures import IGNORE

RULES = {
    "resolution": "labels as they are on disk; scores are resized, labels never",
    "ignore_index": IGNORE,
    "absent_class": "a class neither labelled nor predicted in the whole set is left out of the "
    "means; one only predicted has IoU 0 and counts (mmsegmentation)",
    "oracle": "pools the labels of one image at a time, however many classifier.oracle_group pools "
    "in training",
    "average": "counts are summed over the whole set before any division",
}

PACKAGES = ("torch", "torchvision", "lightning", "timm", "segmentation-models-pytorch")


def provenance() -> dict[str, Any]:
    """Versions of this package, its commit and the libraries that numbers depend on."""
    return {
        "segadapt": version("segadapt"),
        **commit(Path(__file__).parent),
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def commit(folder: Path) -> dict[str, Any]:
    """The commit that is checked out there, and whether files differ from it.

    Both are None where there is no repository, as after an installation from a wheel.
    """
    head = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"commit": head or None, "dirty": None if changes is None else bool(changes)}


def sha256(file: Path) -> str:
    """Digest of a file, in hexadecimal."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _git(folder: Path, *arguments: str) -> str | None:
    """What git answers, or None where there is no git or no repository."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
