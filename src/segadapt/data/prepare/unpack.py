"""Folders out of an archive, and nothing else of it.

pooch is not used, because its ``Untar`` writes outside of the folder where a member's name or a
link leads there (before Python 3.12), takes a damaged header for the end of the archive without an
error, and unpacks without a limit on the size or a look at the free space; a wanted folder is a
prefix to it, so that ``train`` brings ``training`` as well (pooch 1.9).
"""

import gzip
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from segadapt.data.prepare.archive_members import Member, members
from segadapt.data.prepare.copying import check_room, copy, size
from segadapt.data.prepare.progress_bars import Advance, Bars
from segadapt.data.prepare.recipe import Folder

RATIO, SLACK = 20, 1 << 26
"""Largest ratio of unpacked size to archive size, and additional bytes.

Images hardly shrink in archives: the published ones stay below 2.
"""

DAMAGE: Final = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    gzip.BadGzipFile,
    NotImplementedError,  # zipfile's word for methods that it cannot unpack
)


def unpack(archive: Path, folders: Sequence[Folder], stage: Path, bars: Bars) -> None:
    """Unpack some folders of an archive.

    Args:
        archive: A zip or tar file.
        folders: Which, and where to.
        stage: Folder below which they are put.
        bars: Show how far it is.

    Raises:
        ValueError: If the archive is damaged or hostile: has names that lead out of it, links in
            these folders, two files of one name, or unpacks to very much more than its size.
    """
    allowed = archive.stat().st_size * RATIO + SLACK
    with damage_said(archive), members(archive) as entries:
        wanted = list(_wanted(entries, folders, archive, allowed))
        total = sum(member.size for _, member in wanted)
        check_room(stage, total, f"unpacking {archive.name}")
        with bars.counted_bytes(f"unpack {archive.name}", total) as advance:
            for target, member in wanted:
                _write(member, stage / target, archive, advance)


def keep(file: Path, folders: Sequence[Folder], stage: Path, bars: Bars) -> None:
    """Put a file that is not an archive into its folder.

    Args:
        file: The file.
        folders: Where to.
        stage: Folder below which it is put.
        bars: Not needed: such files are small.
    """
    (folder,) = folders
    (stage / folder.target).mkdir(parents=True)
    shutil.copyfile(file, stage / folder.target / file.name)


def _wanted(
    entries: Iterator[Member], folders: Sequence[Folder], archive: Path, allowed: int
) -> Iterator[tuple[PurePosixPath, Member]]:
    """Targets of the members that belong to the folders, after checking the whole archive."""
    total, seen = 0, set()
    for member in entries:
        target = _target(member.path, folders)
        if target is None:
            continue
        if not member.plain:
            raise ValueError(f"{archive} is hostile: {member.path} is a link or device; remove it")
        if target in seen:
            raise ValueError(
                f"{archive} holds {member.path} twice; remove it and run the command again"
            )
        total += member.size
        if total > allowed:
            raise ValueError(
                f"{archive} would unpack to more than {size(allowed)}, {RATIO} times its own size; "
                "it is not what was published: remove it and run the command again"
            )
        seen.add(target)
        yield target, member


def _target(path: PurePosixPath, folders: Sequence[Folder]) -> PurePosixPath | None:
    """Target of a member below the data set's root; None to skip it, as for hidden files."""
    if path.name.startswith("."):
        return None
    for folder in folders:
        if path.is_relative_to(folder.source):
            return PurePosixPath(folder.target) / path.relative_to(folder.source)
    return None


def _write(member: Member, place: Path, archive: Path, advance: Advance) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with member.opened() as source, place.open("xb") as file:
        written = copy(source.read, file.write, advance)
    if written != member.size:
        raise ValueError(
            f"{archive} is damaged: {member.path} ends after {size(written)} of "
            f"{size(member.size)}; remove it and run the command again"
        )


@contextmanager
def damage_said(archive: Path) -> Iterator[None]:
    """Turn errors of a damaged archive into one sentence."""
    try:
        yield
    except DAMAGE as error:
        raise ValueError(
            f"{archive} is damaged ({error or type(error).__name__}); remove it and run the "
            "command again"
        ) from error
