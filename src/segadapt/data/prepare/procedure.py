"""From a recipe to a data set: fetch, verify, unpack, check, move into place."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from segadapt.data.prepare.copying import full_disk_said
from segadapt.data.prepare.fetch import check_by_hand, fetch
from segadapt.data.prepare.inventory import check_whole, lacking
from segadapt.data.prepare.progress_bars import Bars
from segadapt.data.prepare.recipe import Folder, Recipe, Source
from segadapt.files import sync_folder
from segadapt.locks import LOCK, Held, hold

DOWNLOADS: Final = "downloads"
"""Folder below the root for downloads, fetched or placed there manually."""

STAGE: Final = ".unpacking"
"""Folder below the root, and so on its disk, for incomplete folders."""


def prepare(recipe: Recipe, root: Path, bars: Bars) -> bool:
    """Prepare a data set, or its missing parts.

    Its folders appear when all of them are whole. What is there already is never touched.

    Args:
        recipe: The data set.
        root: Where; may be a link to a folder.
        bars: Show how far it is.

    Returns:
        Whether there was anything to do.

    Raises:
        ValueError: If something is wrong with what is there, a download, an archive or the disk.
    """
    root = root.resolve()
    if not any(_missing(recipe, root).values()):
        return False
    downloads = root / DOWNLOADS
    downloads.mkdir(parents=True, exist_ok=True)
    with _alone(downloads):
        missing = {source: gone for source, gone in _missing(recipe, root).items() if gone}
        check_by_hand(recipe, list(missing), downloads)
        files = {source: fetch(source, downloads, bars) for source in missing}
        with _stage(root / STAGE) as stage, full_disk_said(root, "unpacking then starts over"):
            for source, folders in missing.items():
                source.deliver(files[source], folders, stage, bars)
                check_whole(stage, folders, files[source])
            os.sync()  # before their names appear, so that a power cut leaves no empty files
            _publish(stage, root, [folder for gone in missing.values() for folder in gone])
    return True


def _missing(recipe: Recipe, root: Path) -> dict[Source, list[Folder]]:
    return {source: lacking(root, source.folders) for source in recipe.sources}


def _publish(stage: Path, root: Path, folders: list[Folder]) -> None:
    """Move whole folders to where they belong; a second call does the rest if this one dies."""
    for folder in folders:
        place = root / folder.target
        place.parent.mkdir(parents=True, exist_ok=True)
        (stage / folder.target).rename(place)  # also onto an empty folder
        sync_folder(place.parent)


@contextmanager
def _alone(downloads: Path) -> Iterator[None]:
    """Keep other calls for the same root away."""
    try:
        lock = hold(downloads / LOCK)
    except Held as error:
        raise ValueError(
            f"another process prepares {downloads.parent} now; wait until it has finished"
        ) from error
    with lock:
        yield


@contextmanager
def _stage(stage: Path) -> Iterator[Path]:
    """An empty folder that is gone afterwards."""
    if stage.exists():  # of a call that was killed
        shutil.rmtree(stage)
    stage.mkdir()
    try:
        yield stage
    finally:
        shutil.rmtree(stage)
