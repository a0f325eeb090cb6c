"""Recipes of published data sets: their files, and where they are published."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from segadapt.data.prepare.progress_bars import Bars


class Folder(NamedTuple):
    """A folder that a data set needs.

    Args:
        target: Where below the data set's root.
        suffix: End of the names of the files that count; "" for all.
        number: How many such files, in subfolders too; None for at least one.
        source: Where in the archive; files elsewhere in it stay there.
    """

    target: str
    suffix: str
    number: int | None = None
    source: str = ""


class Checksum(NamedTuple):
    """A digest of a whole file, as others have published it.

    Args:
        kind: Name that hashlib knows.
        digest: In hexadecimal.
    """

    kind: str
    digest: str


Deliver = Callable[[Path, Sequence[Folder], Path, Bars], None]
"""Makes some of a source's folders from its file, below a folder that is empty at first."""


class Source(NamedTuple):
    """A file to fetch, and the folders made from it.

    Args:
        name: Name of the file.
        folders: What it gives to the data set.
        deliver: How.
        addresses: Where it is, the first that answers is taken; none if only people get it.
        checksum: None where nobody publishes one.
    """

    name: str
    folders: tuple[Folder, ...]
    deliver: Deliver
    addresses: tuple[str, ...] = ()
    checksum: Checksum | None = None


class Recipe(NamedTuple):
    """A data set.

    Args:
        title: As its authors write it.
        home: Page of its authors.
        licence: Who may use it, in one line.
        size: What is fetched, in words.
        sources: Its files.
        test: Files of images without labels, which only submissions to a server need; where such
            images come with the other files there are none.
    """

    title: str
    home: str
    licence: str
    size: str
    sources: tuple[Source, ...]
    test: tuple[Source, ...] = ()

    def with_test(self) -> "Recipe":
        """The data set and its test images.

        Raises:
            ValueError: If no test images are published apart from the rest.
        """
        if not self.test:
            raise ValueError(
                f"{self.title} has no test images in a file of their own; omit test=true"
            )
        return self._replace(sources=(*self.sources, *self.test), test=())
