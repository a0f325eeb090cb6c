"""A folder of predictions that is being written: what is finished in it, and what is to be done."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from rich.console import Console

from segadapt.deployment.inputs.sources import Source
from segadapt.deployment.prediction_files import ledger
from segadapt.deployment.prediction_files.finished import INPUTS, Finished
from segadapt.deployment.prediction_files.rows import Rows
from segadapt.deployment.prediction_files.work import Work, decisive
from segadapt.files import sweep
from segadapt.text.terminal import say

ROWS: Final = "predictions.csv"

SCORES: Final = ("image", "miou", "accuracy", "pixels")


class Folder(NamedTuple):
    """Records of a folder of predictions.

    Args:
        since: Files that were modified earlier are of other settings; nanoseconds since 1970.
        finished: Finished images.
        rows: Scores of images; None without labels.
    """

    since: int
    finished: Finished
    rows: Rows | None


def open_folder(work: Work, console: Console) -> Folder:
    """Note the settings in the folder before the first prediction is written.

    Args:
        work: Files to write.
        console: Console for notes.

    Raises:
        ValueError: If predictions of other settings are there.
    """
    recorded = (work.out / INPUTS).is_file() or not (work.out / ledger.PREDICTIONS).is_file()
    since = ledger.begin(work.out, decisive(work), work.overwrite)
    sweep(work.out, deep=True)
    finished = Finished(work.out, work.labels, work.overwrite)
    rows = Rows(work.out / ROWS, SCORES, work.overwrite) if work.labels else None
    if not recorded and not work.overwrite:
        say(
            console,
            f"note: {work.out} has no {INPUTS}, so it is unknown which images its predictions are "
            "of, and they are made again",
        )
    return Folder(since, finished, rows)


def close_folder(work: Work, folder: Folder, facts: Mapping[str, Any]) -> None:
    """Note that everything is finished.

    Args:
        work: Files that were written.
        folder: Its records.
        facts: Further entries of predictions.json.
    """
    for rows in (folder.rows, folder.finished.rows):
        if rows is not None:
            rows.sort()
    ledger.end(work.out, facts)


def unfinished(
    sources: Sequence[Source],
    folder: Folder,
    kinds: Collection[str],
    files: Callable[[Source], list[Path]],
    console: Console,
) -> list[Source]:
    """The images that must be predicted, also because they changed since they were.

    Args:
        sources: Images.
        folder: Records of the predictions.
        kinds: Kinds of files that are written for each image.
        files: Those files.
        console: Console for a note on changed images.
    """
    todo, others = [], []
    for source in sources:
        complete = folder.finished.kinds(source)
        counted = folder.rows is None or folder.rows.has(str(source.name))
        if counted and complete.issuperset(kinds) and _are_there(files(source), folder.since):
            continue
        todo.append(source)
        if not complete and folder.finished.knows(source):
            others.append(source)
    if others:
        say(
            console,
            f"note: predicting again because the image or its label is another one than before: "
            f"{others[0].file}" + (f" and {len(others) - 1} more" if len(others) > 1 else ""),
        )
    folder.finished.drop(others)
    if folder.rows is not None:
        folder.rows.drop([str(source.name) for source in todo])
    return todo


def _are_there(files: Sequence[Path], since: int) -> bool:
    return all(file.is_file() and file.stat().st_mtime_ns >= since for file in files)
