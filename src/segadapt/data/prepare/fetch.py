"""The files of a data set in the folder of downloads: fetched, or placed there manually.

pooch is not used, because an interruption while it computes the digest removes the whole download,
each of its retries, also after a wrong digest or a final refusal, begins at the first byte, and its
digests show no progress over minutes (pooch 1.9). With our resuming ``download`` behind it, it
would only save the comparison of digests.
"""

from collections.abc import Sequence
from pathlib import Path

from segadapt.data.prepare.checksum import matches
from segadapt.data.prepare.download import Unreachable, download, forget, progress_file
from segadapt.data.prepare.progress_bars import Bars
from segadapt.data.prepare.recipe import Recipe, Source


def fetch(source: Source, downloads: Path, bars: Bars) -> Path:
    """The file of a source, verified.

    Args:
        source: What to fetch; a file of its name that is there already is taken.
        downloads: Folder to fetch it to.
        bars: Show how far it is.

    Raises:
        ValueError: If no address gives it, or it is not the published file.
    """
    file = downloads / source.name
    if file.exists():
        if matches(file, source.checksum, source.name, bars):
            return file
        raise ValueError(f"{file} is not {_published(source)}; remove it and run the command again")
    part = file.with_name(f"{file.name}.part")
    if not _fetched_before(source, part, bars):
        _download(source, file, part, bars)
        if not matches(part, source.checksum, source.name, bars):
            forget(part)
            raise ValueError(
                f"the file downloaded for {source.name} is not {_published(source)}, so it was "
                "removed; run the command again. If the result is the same, the publisher has "
                "changed the file"
            )
    part.replace(file)
    return file


def check_by_hand(recipe: Recipe, sources: Sequence[Source], downloads: Path) -> None:
    """Ask for the files that only people can fetch.

    Args:
        recipe: The data set.
        sources: Which of its files are needed.
        downloads: Where they are looked for.

    Raises:
        ValueError: If one is not there.
    """
    lacking = [source.name for source in sources if not source.addresses]
    lacking = [name for name in lacking if not (downloads / name).is_file()]
    if lacking:
        raise ValueError(
            f"{recipe.title} needs an account: log in at {recipe.home}, fetch "
            f"{' and '.join(lacking)} there, put them into {downloads} as they are, and run the "
            "command again"
        )


def _fetched_before(source: Source, part: Path, bars: Bars) -> bool:
    """Whether an earlier call fetched the whole file, but was interrupted while it checked it."""
    if source.checksum is None or not part.exists() or progress_file(part).exists():
        return False
    return matches(part, source.checksum, source.name, bars)


def _download(source: Source, file: Path, part: Path, bars: Bars) -> None:
    reasons = []
    for address in source.addresses:
        try:
            download(address, part, source.name, bars)
        except Unreachable as error:
            reasons.append(str(error))
        else:
            return
    raise ValueError(
        f"{source.name} cannot be downloaded now ({'; '.join(reasons)}); run the command "
        f"again later to continue, or put the file at {file} yourself"
    )


def _published(source: Source) -> str:
    assert source.checksum is not None
    return f"the published file (its {source.checksum.kind} is not {source.checksum.digest})"
