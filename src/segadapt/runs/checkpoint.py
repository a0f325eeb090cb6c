"""Checkpoints that survive a kill, a full disk and a flipped bit.

``NAME.ckpt`` holds tensors and plain values and is read as nothing else. ``NAME.ckpt.sha256`` is
its digest in the format of sha256sum. It is written first and, while a checkpoint is being
replaced, admits both the old and the new one, so that no moment is without a valid pair. Without
it, the sums within the file still show whether its tensors are what was written.
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

from segadapt.files import UNREADABLE, reason, replace_by_link, replace_text, replacing
from segadapt.functional.nonfinite import named_tensors, nonfinite, such_as
from segadapt.runs.archive import check_archive

LAST, PREVIOUS, BEST = "last.ckpt", "previous.ckpt", "best.ckpt"

DIGEST, LONGEST = re.compile(r"[0-9a-f]{64}\b"), 4096
"""A line of a sidecar, and the bytes that are read of one, which has two lines at most."""

log = logging.getLogger(__name__)


class Stored(NamedTuple):
    """A checkpoint as it was read."""

    content: dict[str, Any]
    sha256: str
    """Digest of the bytes that were read."""


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
    """Read a checkpoint, if it is what was written.

    Raises:
        ValueError: If it is not, or holds more than tensors and plain values, or NaN or infinity.
    """
    return read_stored(path, map_location).content


def read_stored(path: Path, map_location: Any = "cpu") -> Stored:
    """Read a checkpoint and the digest of the very bytes it was made of.

    Beside a training that is writing, this is one whole checkpoint: the file that was opened, even
    if its name belongs to a later one by now.

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
            f"{path} holds NaN or infinite values in {such_as(names)}; the training had gone "
            "wrong when it was written: use an earlier checkpoint"
        )
    return Stored(content, sha256)


def digest(path: Path) -> str | None:
    """The digest written beside a checkpoint, or else that of its bytes; None without a file."""
    if admitted := _read_digests(path):
        return admitted[-1]
    return _sum_of(path) if path.is_file() else None


def keep_as(path: Path, copy: Path) -> None:
    """Give a checkpoint a second name, which keeps its content when the first is replaced."""
    _admit(copy, _valid(copy) + _valid(path))
    replace_by_link(copy, path)
    _admit(copy, _valid(path))


def _open_verified(path: Path) -> tuple[BufferedReader, str]:
    """A checkpoint, opened, and its digest.

    Another process may put a new checkpoint in its place at any moment. The opened file stays what
    it is, but the digests beside it may belong to the new one already: then that one is read.

    Raises:
        ValueError: If it is not what was written.
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
            "%s holds no digest of %s; only the sums within the checkpoint were compared",
            _sidecar(path),
            path.name,
        )


def _parse(file: BinaryIO, path: Path, map_location: Any) -> dict[str, Any]:
    try:
        content = torch.load(file, map_location=map_location or "cpu", weights_only=True)
    except pickle.UnpicklingError as error:  # whose advice is to run what the file holds
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
    """Strike the digests of checkpoints that a kill kept from taking their place, or from going."""
    for path in folder.glob("*.ckpt"):
        if len(_read_digests(path)) > 1 and (own := _sum_of(path)) in _read_digests(path):
            _admit(path, [own])


def remove(path: Path) -> None:
    """Remove a checkpoint and its digest."""
    _sidecar(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


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
            "make room and continue the run, the last checkpoint is intact"
        )


def _sidecar(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _read_digests(path: Path) -> list[str]:
    """Digests that the file may have; none where nobody wrote them down."""
    sidecar = _sidecar(path)
    if not sidecar.is_file():
        return []
    with sidecar.open("rb") as file:
        text = file.read(LONGEST).decode(errors="replace")
    return [line[:64] for line in text.splitlines() if DIGEST.match(line)]


def _valid(path: Path) -> list[str]:
    """Digests that a checkpoint may have from now on, also where nobody wrote them down."""
    return _read_digests(path) or ([_sum_of(path)] if path.is_file() else [])


def _admit(path: Path, digests: list[str]) -> None:
    if digests:
        lines = [f"{digest}  {path.name}\n" for digest in dict.fromkeys(digests)]
        replace_text(_sidecar(path), "".join(lines))
