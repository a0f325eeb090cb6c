"""The members of zip and tar archives, and checks of those to be written to a disk."""

import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Final, Literal, NamedTuple, cast

MOST: Final = 1_000_000
"""Members of an archive; COCO has 118 287."""


GZIP: Final = b"\x1f\x8b"


class Member(NamedTuple):
    """A file in an archive.

    Args:
        path: Its name, known to lead to no place above.
        size: Bytes, as the archive says.
        plain: Whether it is an ordinary file; links and devices are not.
        opened: Opens it.
    """

    path: PurePosixPath
    size: int
    plain: bool
    opened: Callable[[], IO[bytes]]


@contextmanager
def members(archive: Path) -> Iterator[Iterator[Member]]:
    """The files of an archive, without its folders.

    Args:
        archive: A zip file, or a tar file that is not compressed or by gzip.

    Raises:
        ValueError: If it is neither, or one of its names leads out of it, or it has a great many.
    """
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            yield _limited(_zip_members(zipped, archive), archive)
    elif mode := _tar_mode(archive):
        with tarfile.open(archive, mode) as tar:
            yield _limited(_tar_members(tar, archive), archive)
    else:
        raise ValueError(
            f"{archive} is neither a zip nor a tar archive (it begins with {_begin(archive)!r}); "
            "remove it and run the command again"
        )


def safe_path(name: str, archive: Path) -> PurePosixPath:
    """The name of a member as a path that stays below where it is put.

    Raises:
        ValueError: If it does not.
    """
    if not name or "\0" in name or name.strip("/") in ("", "."):
        raise ValueError(
            f"{archive} is hostile: it has a member with the name {name!r}, which is not a file's; "
            "remove it"
        )
    path = PurePosixPath(name)
    windows = PureWindowsPath(name)
    if ".." in (*path.parts, *windows.parts) or path.is_absolute() or windows.anchor:
        raise ValueError(
            f"{archive} is hostile: its member {name!r} leads out of the folder it is unpacked to; "
            "remove it"
        )
    return path


def _limited(entries: Iterator[Member], archive: Path) -> Iterator[Member]:
    for number, member in enumerate(entries):
        if number >= MOST:
            raise ValueError(f"{archive} has more than {MOST:,} members; remove it")
        yield member


def _zip_members(zipped: zipfile.ZipFile, archive: Path) -> Iterator[Member]:
    for info in zipped.infolist():
        if info.filename == "./":
            continue
        path = safe_path(info.filename, archive)  # is_dir fails on an empty name
        if info.flag_bits & 1:
            raise ValueError(f"{archive} is encrypted; download it again")
        if not info.is_dir():
            plain = stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG)
            yield Member(path, info.file_size, plain, partial(zipped.open, info))


def _tar_members(tar: tarfile.TarFile, archive: Path) -> Iterator[Member]:
    for info in tar:
        if info.isdir() and info.name.strip("/") in ("", "."):
            continue  # the folder itself, as `tar cf FILE .` has it
        path = safe_path(info.name, archive)
        if not info.isdir():
            plain = info.isreg() and not info.issparse()
            yield Member(path, info.size, plain, partial(_of_tar, tar, info))
    _check_end(tar)


def _check_end(tar: tarfile.TarFile) -> None:
    """Distinguish the end of an archive from a damaged header, which tarfile takes for the end.

    Raises:
        ReadError: If no block of zeros, which ends an archive, stands where the reading ended.
    """
    fileobj = cast(IO[bytes], tar.fileobj)
    fileobj.seek(tar.offset)
    if fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError(f"there is neither a header nor the end at byte {tar.offset:,}")


def _of_tar(tar: tarfile.TarFile, info: tarfile.TarInfo) -> io.BufferedReader:
    return cast(io.BufferedReader, tar.extractfile(info))  # None only for folders and devices


def _tar_mode(archive: Path) -> Literal["r:", "r:gz"] | None:
    """Mode in which a tar file is opened; None for other files."""
    mode: Literal["r:", "r:gz"] = "r:gz" if _begin(archive).startswith(GZIP) else "r:"
    try:
        with tarfile.open(archive, mode):
            return mode
    except (tarfile.TarError, OSError, EOFError, zlib.error):
        return None


def _begin(archive: Path) -> bytes:
    with archive.open("rb") as file:
        return file.read(16)
