"""Atomic files: written to a temporary file, synced, and renamed."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

MARK = ".partial-"
"""Part of the names of temporary files."""

STAGE = ".stage-"
"""Part of the names of temporary folders."""

NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EXDEV, errno.EMLINK)
"""Error numbers of file systems without hard links."""


_STAGES: set[Path] = set()
"""Temporary folders that this process is using."""


def expanded(path: str | Path) -> Path:
    """A path with ``~`` replaced by the home folder.

    Raises:
        ValueError: If there is no such user, or this one has no home folder.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ValueError(
            f"{path} begins with an unknown home folder; write the whole path"
        ) from None


def state_of(file: Path) -> tuple[int, int, int, int]:
    """Size, times and inode of a file: any change of its content changes one of them.

    Copies keep the time of modification (``cp -p``, rsync, archives), but not that of the status or
    the inode.

    Raises:
        ValueError: If it is not there, or its folder cannot be read.
    """
    try:
        status = file.stat()
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from error
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


@contextmanager
def make_folder(path: Path, what: str, way_out: str) -> Iterator[None]:
    """Create a folder for the block, and turn system errors into one sentence.

    Args:
        path: Folder, which may exist.
        what: Purpose of the folder, in errors.
        way_out: Override that names another folder.

    Raises:
        ValueError: If the block, or making the folder, fails with an ``OSError``.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        file = error.filename or path
        reason = "it is not a folder" if error.errno == errno.EEXIST else error.strerror or error
        raise ValueError(
            f"cannot write the {what} {path} ({file}: {reason}); choose another one with {way_out}"
        ) from error


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A context with a file to write, which replaces ``path`` at the end unless the block raises.

    It is in the same folder, so that it is renamed within one file system: at every moment, and
    after a power cut, ``path`` is either the old or the new file.
    """
    with _aside(path) as beside, beside.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def replacing_path(path: Path) -> Iterator[Path]:
    """Like :func:`replacing`, with the path of the file for libraries that open it themselves."""
    with _aside(path) as beside:
        yield beside
        with beside.open("rb") as file:
            os.fsync(file.fileno())


@contextmanager
def staging(path: Path, mark: str = STAGE) -> Iterator[Path]:
    """A context with a folder beside ``path``, in which its content is prepared.

    It is removed at the end. Those of killed processes for the same path are removed at the start.

    Args:
        path: File or folder to prepare.
        mark: Part of the folder's name, which precedes the number of the process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    start = f".{path.name}{mark}"
    for orphan in path.parent.iterdir():
        if orphan.name.startswith(start) and not _in_use(orphan, orphan.name.removeprefix(start)):
            shutil.rmtree(orphan, ignore_errors=True)
    stage = path.with_name(f"{start}{os.getpid()}")
    stage.mkdir()
    _STAGES.add(stage.absolute())
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        _STAGES.discard(stage.absolute())


def replace_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    with replacing(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))  # names may contain other bytes


def replace_by_link(path: Path, source: Path) -> None:
    """Make ``path`` a hard link to the present content of ``source``, or a copy without links.

    Later replacements of one do not change the other.
    """
    with _aside(path) as beside:
        try:
            os.link(source, beside)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            _copy(source, beside)


def sweep(folder: Path, deep: bool = False) -> None:
    """Remove temporary files of killed processes.

    Args:
        folder: Folder of the files.
        deep: Whether its subfolders are swept as well.
    """
    pattern = f".*{MARK}*"
    for orphan in folder.rglob(pattern) if deep else folder.glob(pattern):
        orphan.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Sync a folder, so that renames in it survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _in_use(stage: Path, process: str) -> bool:
    """Whether a process, or this one, prepares something in a temporary folder.

    In a container each start may have the same number, so a folder with the number of this process
    may be that of a killed one.
    """
    if process == str(os.getpid()):
        return stage.absolute() in _STAGES
    return _alive(process)


def _alive(process: str) -> bool:
    """Whether a process with this number runs on this machine."""
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """A context with a name in the same folder, whose file replaces ``path`` at the end.

    Errors about the temporary file, or without a name as those of a full disk, name ``path``.
    """
    beside = path.with_name(f".{path.name}{MARK}{os.getpid()}")
    try:
        yield beside
        beside.replace(path)
    except OSError as error:
        if error.errno is None or str(error.filename or beside) != str(beside):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(path.parent)


def _copy(source: Path, beside: Path) -> None:
    with source.open("rb") as old, beside.open("wb") as new:
        shutil.copyfileobj(old, new)
        new.flush()
        os.fsync(new.fileno())


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file atomically; NaN and infinity are refused."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def sha256(file: Path) -> str:
    """Digest of a file, in hexadecimal."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
