"""Finished images of a folder of predictions, and the content that each was predicted from."""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from segadapt.deployment.inputs.sources import Source
from segadapt.deployment.prediction_files.rows import Rows, cell
from segadapt.files import sha256

INPUTS: Final = "inputs.csv"

COLUMNS: Final = ("image", "kinds", "file", "sha256", "label", "label_sha256")


class Content(NamedTuple):
    """The content of a file, or none.

    Args:
        state: Size, time of the last change, and path. A file in the same state is not read again.
        digest: SHA-256, by which a file that was copied, moved or touched is still known; empty if
            the file changed while it was read.
    """

    state: str = ""
    digest: str = ""


class Given(NamedTuple):
    """Content of the files that an image is predicted from."""

    image: Content
    label: Content


class Finished:
    """Images whose predictions are complete, as rows of inputs.csv.

    A prediction is kept only for what it was made of: another image or label of the same name, or
    the same file with another content, is predicted again.

    Args:
        folder: Folder of the predictions.
        labels: Label files by the images' names; empty without labels.
        again: Whether existing rows are discarded.
    """

    def __init__(self, folder: Path, labels: Mapping[Path, Path], again: bool) -> None:
        self.labels = labels
        self.rows = Rows(folder / INPUTS, COLUMNS, again)

    def knows(self, source: Source) -> bool:
        """Whether an image of this name is finished, of whatever content."""
        return self.rows.has(str(source.name))

    def kinds(self, source: Source) -> set[str]:
        """The kinds of files that are complete for what the image and its label contain now."""
        row = self.rows.values(str(source.name))
        if row is None:
            return set()
        same = _has(source.file, Content(row["file"], row["sha256"])) and _has(
            self.labels.get(source.name), Content(row["label"], row["label_sha256"])
        )
        return set(row["kinds"].split()) if same else set()

    def drop(self, sources: Sequence[Source]) -> None:
        """Remove rows, before the files of these images are replaced by those of other content."""
        self.rows.drop([str(source.name) for source in sources])

    def before(self, source: Source) -> Given:
        """The states of an image and its label, to be taken before they are read.

        Raises:
            ValueError: If one is missing.
        """
        label = self.labels.get(source.name)
        return Given(
            Content(_state(source.file)), Content() if label is None else Content(_state(label))
        )

    def after(self, source: Source, before: Given) -> Given:
        """The content of an image and its label, which have been read.

        Args:
            source: The image.
            before: From :meth:`before`.

        Raises:
            ValueError: If one is missing.
        """
        label = self.labels.get(source.name)
        return Given(
            _digested(source.file, before.image),
            Content() if label is None else _digested(label, before.label),
        )

    def add(self, source: Source, kinds: Collection[str], given: Given) -> None:
        """Record that files of some kinds are complete, in addition to those of equal content."""
        row = self.rows.values(str(source.name))
        digests = (given.image.digest, given.label.digest)
        same = row is not None and (row["sha256"], row["label_sha256"]) == digests
        known = row["kinds"].split() if row is not None and same else []
        written = " ".join(sorted({*known, *kinds}))
        self.rows.add(str(source.name), written, *given.image, *given.label)


def _has(file: Path | None, content: Content) -> bool:
    """Whether a file still has a content; without a file, whether there was none."""
    if file is None:
        return not content.state
    if not file.is_file():  # reading the image says so; a pipe would never end
        return False
    try:
        return cell(_state(file)) == content.state or sha256(file) == content.digest
    except OSError:  # such as a lack of permission, which reading the image names, too
        return False


def _state(file: Path) -> str:
    """Size and time of the last change, followed by the path, which may contain blanks.

    Raises:
        ValueError: If the file is missing.
    """
    try:
        status = file.stat()
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from error
    return f"{status.st_size} {status.st_mtime_ns} {os.path.abspath(file)}"  # noqa: PTH100


def _digested(file: Path, before: Content) -> Content:
    digest = sha256(file)
    return Content(before.state, digest if _state(file) == before.state else "")
