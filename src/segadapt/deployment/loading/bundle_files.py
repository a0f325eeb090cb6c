"""The files of a bundle: one network to share, in a folder or a zip archive."""

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from omegaconf import DictConfig, OmegaConf

from segadapt.runs.renamed_targets import with_targets_renamed
from segadapt.runs.trust import Check
from segadapt.text.bounded import MIB, parse_json, parse_yaml, read_bytes

WEIGHTS: Final = "model.safetensors"
CONFIG: Final = "config.yaml"
FACTS: Final = "facts.json"
"""Classes, colours, measurement and origin."""
CARD: Final = "README.md"
SAMPLE: Final = "sample.png"
DIGESTS: Final = "bundle.json"
"""SHA-256 of all other files, and nothing else."""

FORMAT: Final = 1
"""Version of the files; raised when readers must know more."""

LIMITS: Final[Mapping[str, int]] = {
    WEIGHTS: 64 * 1024 * MIB,
    CONFIG: MIB,
    FACTS: 16 * MIB,
    CARD: 4 * MIB,
    SAMPLE: 64 * MIB,
    DIGESTS: MIB,
}
"""Largest size of each file, in bytes; a bundle has no other files."""

NEEDED: Final = (WEIGHTS, CONFIG, FACTS)


def is_bundle(place: Path) -> bool:
    """Whether this is a folder or an archive with a bundle's list of digests."""
    if place.is_dir():
        return (place / DIGESTS).is_file()
    if not zipfile.is_zipfile(place):
        return False
    with zipfile.ZipFile(place) as archive:
        return DIGESTS in archive.namelist()


def read_files(place: Path, with_digests: bool = False) -> dict[str, bytes]:
    """The bytes of all files of a bundle, verified by their digests.

    Args:
        place: Folder, or zip archive.
        with_digests: Whether ``bundle.json`` itself is among them.

    Raises:
        ValueError: If there is no bundle, or a file is missing, too large, or has changed.
    """
    if not (place.exists() and is_bundle(place)):
        raise ValueError(f"{place} is not a bundle; make one with segadapt bundle run=RUN out=...")
    contents = _of_archive(place) if place.is_file() else _of_folder(place)
    listed = contents.pop(DIGESTS)
    digests = _digests(place, listed)
    if names := sorted(contents.keys() ^ digests.keys()):
        state = "missing" if names[0] in digests else f"not in {DIGESTS}"
        raise ValueError(f"{place}: {names[0]} is {state}; download or copy the bundle again")
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != digests[name]:
            raise ValueError(
                f"{place}: {name} has changed since the bundle was made (its SHA-256 is not that "
                f"in {DIGESTS}); download or copy the bundle again"
            )
    if missing := [name for name in NEEDED if name not in contents]:
        raise ValueError(f"{place} has no {missing[0]}; download or copy the bundle again")
    return {**contents, DIGESTS: listed} if with_digests else contents


def config_of(contents: Mapping[str, bytes], place: Path, check: Check) -> DictConfig:
    """The config of a bundle, checked before anything in it is resolved or built.

    Args:
        contents: Contents of its files.
        place: The bundle.
        check: Looks at the unresolved config.

    Raises:
        ValueError: If it is not a config, or not to be trusted.
    """
    plain = parse_yaml(text_of(contents[CONFIG], place, CONFIG), f"{place}: {CONFIG}")
    if not isinstance(plain, dict):
        raise ValueError(f"{place}: {CONFIG} is not a mapping")
    try:
        return check(OmegaConf.create(with_targets_renamed(plain)))
    except ValueError as error:
        raise ValueError(f"{place}: {CONFIG}: {error}") from None


def text_of(content: bytes, place: Path, name: str) -> str:
    """A file of a bundle as text.

    Raises:
        ValueError: If it is not UTF-8.
    """
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{place}: {name} is not a text in UTF-8 ({error})") from None


def check_checkpoint(place: Path, checkpoint: str) -> None:
    """Refuse the choice of a checkpoint in a bundle, which has only one.

    Raises:
        ValueError: If another one than ``last`` was asked for.
    """
    if checkpoint != "last":
        raise ValueError(
            f"{place} is a bundle, which holds one checkpoint, and checkpoint={checkpoint} names "
            "another; remove checkpoint="
        )


def digests_of(contents: Mapping[str, bytes]) -> dict[str, Any]:
    """Content of ``bundle.json``: the digests of the other files."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    return {"format": FORMAT, "sha256": digests}


def _of_folder(folder: Path) -> dict[str, bytes]:
    """Files of a bundle in a folder; those of a repository, such as .gitattributes, are skipped."""
    names = [name for name in LIMITS if (folder / name).exists()]
    return {name: read_bytes(folder / name, LIMITS[name]) for name in names}


def _of_archive(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if strange := [entry.filename for entry in entries if entry.filename not in LIMITS]:
            raise ValueError(f"{file} is not a bundle: {strange[0]!r} is not a file of one")
        if len({entry.filename for entry in entries}) < len(entries):
            raise ValueError(f"{file} is not a bundle: it has a file twice")
        room = file.stat().st_size
        for entry in entries:
            # ours are stored as they are; what unpacks to more than the archive is a bomb
            if entry.file_size > min(LIMITS[entry.filename], room):
                size = f"{entry.file_size:,} bytes"
                raise ValueError(f"{file}: {entry.filename} would unpack to {size}")
        try:
            return {entry.filename: archive.read(entry) for entry in entries}
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
            raise ValueError(
                f"{file} is damaged ({error}); download or copy the bundle again"
            ) from error


def _digests(place: Path, content: bytes) -> dict[str, str]:
    """The list of digests, checked in form."""
    stated = parse_json(content.decode(errors="replace"), f"{place}: {DIGESTS}")
    if not isinstance(stated, dict) or stated.get("format") != FORMAT:
        raise ValueError(
            f"{place}: {DIGESTS} is of another format than {FORMAT}; install the segadapt that "
            "made the bundle"
        )
    digests = stated.get("sha256")
    if not isinstance(digests, dict) or not all(
        isinstance(value, str) and name in LIMITS for name, value in digests.items()
    ):
        raise ValueError(f"{place}: {DIGESTS} does not list digests of a bundle's files")
    return digests
