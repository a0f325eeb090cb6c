"""Checkpoints that survive a kill and a full disk, and that detect a flipped bit.

``NAME.ckpt`` holds only tensors and plain values. ``NAME.ckpt.sha256`` holds its digest in the
format of sha256sum. The digest is written first and, while a checkpoint is being replaced, lists
both the old and the new one, so that a valid pair exists at all times. Without it, the checksums
within the file still reveal damaged tensors.
"""

import hashlib
import logging
import os
import pickle
import re
import shutil
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import torch

from segadapt.files import replace_by_link, replace_text, replacing
from segadapt.functional.nonfinite import named_tensors, nonfinite, such_as
from segadapt.runs.archive import check_archive
from segadapt.text.regular_files import UNREADABLE, reason

LAST, PREVIOUS, BEST = "last.ckpt", "previous.ckpt", "best.ckpt"

DIGEST, LONGEST = re.compile(r"[0-9a-f]{64}\b"), 4096
"""Pattern of a line of a digest file, and the bytes read from one, which has at most two lines."""

log = logging.getLogger(__name__)


class Stored(NamedTuple):
    """A checkpoint and its digest."""

    content: dict[str, Any]
    sha256: str
    """SHA-256 of the bytes that were read."""


def write(content: Mapping[str, Any], path: Path) -> None:
    """Write a checkpoint; whatever happens, ``path`` then holds the old or the new one.

    Raises:
        OSError: If the disk is full or the file cannot be written; names the file and the bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _check_room(path)
    digesting = None
    try:
        with replacing(path) as file:
            digesting = _Digesting(file)
            torch.save(content, cast(BinaryIO, digesting))  # torch only writes and flushes
            _admit(path, [*_valid(path), digesting.digest()])
    except (OSError, RuntimeError) as error:  # torch's writer hides an error of the file
        cause = error if digesting is None or digesting.error is None else digesting.error
        if not isinstance(cause, OSError):
            raise
        done = 0 if digesting is None else digesting.bytes
        raise OSError(
            f"cannot write checkpoint {path} ({done} bytes were written): "
            f"{cause.strerror or cause}; the last checkpoint, if any, is intact"
        ) from error
    _admit(path, [digesting.digest()])


def read(path: Path, map_location: Any = "cpu") -> dict[str, Any]:
    """Read a checkpoint after verifying it.

    Raises:
        ValueError: If it is damaged, or holds other objects than tensors and plain values, or NaN
            or infinity.
    """
    return read_stored(path, map_location).content


def read_stored(path: Path, map_location: Any = "cpu") -> Stored:
    """Read a checkpoint together with the digest of exactly these bytes.

    While a training replaces the file, this still reads one whole checkpoint: the file that was
    opened, even if its name now belongs to a later one.

    Raises:
        ValueError: As for :func:`read`.
    """
    try:
        file, sha256 = _open_verified(path)
        with file:
            content = _parse(file, path, map_location)
    except OSError as error:
        raise ValueError(f"{path} cannot be read as a checkpoint: {reason(error)}") from error
    if names := nonfinite(named_tensors(content)):
        raise ValueError(
            f"{path} holds NaN or infinite values in {such_as(names)}; the training had diverged "
            "when it was written: use an earlier checkpoint"
        )
    return Stored(content, sha256)


def digest(path: Path) -> str | None:
    """The digest stored next to a checkpoint, else that of its bytes; None without a file."""
    if admitted := _read_digests(path):
        return admitted[-1]
    return _sum_of(path) if path.is_file() else None


def keep_as(path: Path, copy: Path) -> None:
    """Give a checkpoint a second name, which keeps its content when the first is replaced."""
    _admit(copy, _valid(copy) + _valid(path))
    replace_by_link(copy, path)
    _admit(copy, _valid(path))


def _open_verified(path: Path) -> tuple[BufferedReader, str]:
    """Open a checkpoint and verify its digest.

    Another process may replace the checkpoint at any moment. The opened file does not change, but
    the digest file may already belong to the new one; then that one is opened instead.

    Raises:
        ValueError: If it is damaged.
    """
    while True:
        file = path.open("rb")
        try:
            admitted, sha256 = _read_digests(path), _sum(file)
            if not admitted or sha256 in admitted:
                _check_sums(file, path, admitted)
                return file, sha256
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                raise ValueError(
                    f"{path} is damaged: its sha256 is not that of {_sidecar(path).name}"
                )
        except BaseException:
            file.close()
            raise
        file.close()


def _check_sums(file: BinaryIO, path: Path, admitted: list[str]) -> None:
    try:
        check_archive(file)
    except ValueError as error:
        raise ValueError(f"{path} cannot be read as a checkpoint: {error}") from error
    if not admitted:
        log.warning(
            "%s holds no digest of %s; only the checksums within the checkpoint were compared",
            _sidecar(path),
            path.name,
        )


def _parse(file: BinaryIO, path: Path, map_location: Any) -> dict[str, Any]:
    try:
        content = torch.load(file, map_location=map_location or "cpu", weights_only=True)
    except pickle.UnpicklingError as error:  # torch's own message advises to execute the file
        raise ValueError(
            f"{path} cannot be read as a checkpoint: it holds objects other than tensors "
            "and plain values; use another one"
        ) from error
    except UNREADABLE as error:
        raise ValueError(f"{path} cannot be read as a checkpoint: {reason(error)}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} is not a checkpoint: it holds a {type(content).__name__}")
    return content


def _sum(file: BufferedReader) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()


def _sum_of(path: Path) -> str:
    with path.open("rb") as file:
        return _sum(file)


def tidy(folder: Path) -> None:
    """Remove digests of checkpoints that a kill prevented from being replaced or removed."""
    for path in folder.glob("*.ckpt"):
        if len(_read_digests(path)) > 1 and (own := _sum_of(path)) in _read_digests(path):
            _admit(path, [own])


def remove(path: Path) -> None:
    """Remove a checkpoint and its digest."""
    _sidecar(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


class _Digesting:
    """A file-like object for torch that computes the digest of the bytes it writes."""

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
    """Check for free disk space: the next checkpoint is about as large as the last one."""
    wanted = int(path.stat().st_size * 1.1) if path.is_file() else 0
    free = shutil.disk_usage(path.parent).free
    if free < wanted:
        raise OSError(
            f"cannot write checkpoint {path}: about {wanted} bytes are needed, {free} are free; "
            "free some space and resume the run; the last checkpoint is intact"
        )


def _sidecar(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _read_digests(path: Path) -> list[str]:
    """Digests listed for the file; empty if none were recorded."""
    sidecar = _sidecar(path)
    if not sidecar.is_file():
        return []
    with sidecar.open("rb") as file:
        text = file.read(LONGEST).decode(errors="replace")
    return [line[:64] for line in text.splitlines() if DIGEST.match(line)]


def _valid(path: Path) -> list[str]:
    """Digests listed for a checkpoint, or else that of its bytes."""
    return _read_digests(path) or ([_sum_of(path)] if path.is_file() else [])


def _admit(path: Path, digests: list[str]) -> None:
    if digests:
        lines = [f"{digest}  {path.name}\n" for digest in dict.fromkeys(digests)]
        replace_text(_sidecar(path), "".join(lines))
