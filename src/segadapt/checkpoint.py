"""Checkpoints that survive a kill, a full disk and a flipped bit.

``NAME.ckpt`` holds tensors and plain values and is read as nothing else. ``NAME.ckpt.sha256`` is
its digest in the format of sha256sum. It is written first and, while a checkpoint is being
replaced, admits both the old and the new one, so that no moment is without a valid pair.
"""

import hashlib
import logging
import pickle
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import torch
from lightning.pytorch.plugins.io import CheckpointIO

from segadapt.files import UNREADABLE, reason, replace_by_link, replace_text, replacing

LAST, PREVIOUS, BEST = "last.ckpt", "previous.ckpt", "best.ckpt"

log = logging.getLogger(__name__)


class AtomicCheckpointIO(CheckpointIO):
    """How Lightning writes and reads checkpoints.

    ``last.ckpt`` keeps its predecessor as ``previous.ckpt``, which is read in its place should it
    be damaged.
    """

    def __init__(self) -> None:
        self._damaged: Path | None = None

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        path = Path(path)
        if path.name == LAST and path.is_file() and path != self._damaged:
            keep_as(path, path.with_name(PREVIOUS))
        write(checkpoint, path)
        self._damaged = None

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read a checkpoint, never as code whatever ``weights_only`` says.

        Raises:
            ValueError: If neither it nor its predecessor can be read.
        """
        path = Path(path)
        try:
            return read(path, map_location)
        except ValueError as damage:
            previous = path.with_name(PREVIOUS)
            if path.name != LAST or not previous.is_file():
                raise
            content = read(previous, map_location)
            log.warning("%s; going on from %s", damage, previous)
            self._damaged = path  # which must not become the predecessor of the next one
            return content

    def remove_checkpoint(self, path: str | Path) -> None:
        _sidecar(Path(path)).unlink(missing_ok=True)
        Path(path).unlink(missing_ok=True)


def write(content: Mapping[str, Any], path: Path) -> None:
    """Write a checkpoint; whatever happens, ``path`` is afterwards the old or the new one.

    Raises:
        OSError: If there is no room, or the file cannot be written; names the file and the bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _check_room(path)
    digesting = None
    try:
        with replacing(path) as file:
            digesting = _Digesting(file)
            torch.save(content, cast(BinaryIO, digesting))  # torch only writes and flushes
            _admit(path, [*_admitted(path), digesting.digest()])
    except (OSError, RuntimeError) as error:  # torch's writer hides an error of the file
        cause = error if digesting is None or digesting.error is None else digesting.error
        if not isinstance(cause, OSError):
            raise
        done = 0 if digesting is None else digesting.bytes
        raise OSError(
            f"cannot write checkpoint {path} ({done} bytes were written): "
            f"{cause.strerror or cause}; the last checkpoint, if there is one, is unharmed"
        ) from error
    _admit(path, [digesting.digest()])


def read(path: Path, map_location: Any = "cpu") -> dict[str, Any]:
    """Read a checkpoint, if it is what was written.

    Raises:
        ValueError: If it is not, or holds more than tensors and plain values.
    """
    admitted = _admitted(path)
    if admitted and path.is_file() and _sum(path) not in admitted:
        raise ValueError(f"{path} is damaged: its sha256 is not that of {_sidecar(path).name}")
    try:
        return torch.load(path, map_location=map_location or "cpu", weights_only=True)
    except pickle.UnpicklingError as error:  # whose advice is to run what the file holds
        raise ValueError(
            f"{path} cannot be read as a checkpoint: it holds something else than tensors and "
            "plain values, or is none; take another one"
        ) from error
    except UNREADABLE as error:
        raise ValueError(f"{path} cannot be read as a checkpoint: {reason(error)}") from error


def digest(path: Path) -> str:
    """The digest written beside a checkpoint, or else that of its bytes."""
    if admitted := _admitted(path):
        return admitted[-1]
    return _sum(path)


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep_as(path: Path, copy: Path) -> None:
    """Give a checkpoint a second name, which keeps its content when the first is replaced."""
    _admit(copy, _admitted(copy) + _admitted(path))
    replace_by_link(copy, path)
    _admit(copy, _admitted(path))


class _Digesting:
    """What torch writes into: passes bytes on and digests them."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.sha256, self.bytes = file, hashlib.sha256(), 0
        self.error: OSError | None = None

    def write(self, data: Any) -> int:
        try:
            self.bytes += self.file.write(data)
        except OSError as error:
            self.error = self.error or error
            raise
        self.sha256.update(data)
        return len(data)

    def flush(self) -> None:
        self.file.flush()

    def digest(self) -> str:
        return self.sha256.hexdigest()


def _check_room(path: Path) -> None:
    """The next checkpoint is about as large as the last one; both exist for a moment."""
    wanted = int(path.stat().st_size * 1.1) if path.is_file() else 0
    free = shutil.disk_usage(path.parent).free
    if free < wanted:
        raise OSError(
            f"cannot write checkpoint {path}: about {wanted} bytes are needed, {free} are free; "
            "make room and continue the run, the last checkpoint is unharmed"
        )


def _sidecar(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _admitted(path: Path) -> list[str]:
    """Digests that the file may have; none where nobody wrote them down."""
    sidecar = _sidecar(path)
    if not sidecar.is_file():
        return []
    return [line.split()[0] for line in sidecar.read_text().splitlines() if line]


def _admit(path: Path, digests: list[str]) -> None:
    if digests:
        lines = [f"{digest}  {path.name}\n" for digest in dict.fromkeys(digests)]
        replace_text(_sidecar(path), "".join(lines))
