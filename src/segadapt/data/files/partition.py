"""Splits drawn from one folder: by shares, a seed, and groups that stay together."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from itertools import takewhile
from pathlib import PurePosixPath
from typing import Any, Final, NamedTuple

from segadapt.data.files.pairs import SUFFIXES

BY: Final = ("name-prefix", "folder")
"""Rules that group files: names that differ in their last number, or a common folder."""

EARLIER: Final = {1: "number-at-end", 2: "number-before-text"}
"""Rules that earlier versions called name-prefix, by the version of their record of splits; the
splits of their runs are drawn again by the same rule."""

NUMBER: Final = re.compile(r"[\s_.-]*\d+(?=\D*$)")
AT_END: Final = re.compile(r"[\s_.-]*\d+$")


class Partition(NamedTuple):
    """Settings by which files are divided into splits.

    Attributes:
        val: Share of the files to validate on.
        test: Share of the files to test on.
        seed: Of the draw.
        by: What stays together, one of ``BY`` or an earlier one; None: every file is on its own.
    """

    val: float
    test: float = 0.0
    seed: int = 0
    by: str | None = None


def checked_partition(given: Mapping[str, Any]) -> Partition:
    """Parse ``data.split`` as written by the user.

    Raises:
        ValueError: If a key is unknown or a value makes no sense.
    """
    unknown = [str(key) for key in given if key not in Partition._fields]
    if unknown or "val" not in given:
        problem = f"unknown key {unknown[0]!r}" if unknown else "the share of val is missing"
        raise ValueError(
            f"data.split: {problem}; write data.split={{val: 0.2, seed: 0, by: name-prefix}}"
        )
    for key in ("val", "test"):
        share = given.get(key, 0.0)
        least = 0 if key == "val" else -1
        if type(share) not in (int, float) or not least < share < 1 or share < 0:
            raise ValueError(f"data.split.{key}={share!r} must be a share of the files, below 1")
    if given["val"] + given.get("test", 0) >= 1:
        raise ValueError("data.split leaves nothing to train on; lower val or test")
    seed, by = given.get("seed", 0), given.get("by")
    if type(seed) is not int or seed < 0:
        raise ValueError(f"data.split.seed={seed!r} must be an integer >= 0")
    if by is not None and by not in (*BY, *EARLIER.values()):
        raise ValueError(f"data.split.by={by!r} must be null or one of {', '.join(BY)}")
    return Partition(float(given["val"]), float(given.get("test", 0)), seed, by)


def parted(names: Sequence[str], partition: Partition) -> dict[str, list[str]]:
    """Deal names out to train, val and, where it has a share, test; each sorted.

    Groups come in the order of a digest of seed and group, so that the order of one does not
    depend on the others, and each split takes groups as long as that brings it nearer its share.

    Args:
        names: Of the files, below their folder.
        partition: How.

    Raises:
        ValueError: If there are too few groups.
    """
    groups: dict[str, list[str]] = {}
    ending = _ending(names, partition.by)
    for name in sorted(names):
        groups.setdefault(group_of(name, partition.by, ending), []).append(name)
    shares = {"val": partition.val} | ({"test": partition.test} if partition.test else {})
    if len(groups) <= len(shares):
        raise ValueError(_too_few(names, groups, partition.by, list(shares)))
    order = sorted(groups, key=lambda group: _digest(partition.seed, group))
    parts: dict[str, list[str]] = {}
    for position, (split, share) in enumerate(shares.items()):
        left = len(shares) - position  # groups that the splits after this one need
        taken = [order.pop(0)]
        while len(order) > left and _is_nearer(taken, order[0], groups, share * len(names)):
            taken.append(order.pop(0))
        parts[split] = sorted(name for group in taken for name in groups[group])
    return {"train": sorted(name for group in order for name in groups[group]), **parts}


def remark(parts: Mapping[str, Sequence[str]], partition: Partition) -> str | None:
    """A sentence about splits that groups keep clearly away from their shares; None without any.

    Args:
        parts: What :func:`parted` returned.
        partition: How it was drawn.
    """
    total = sum(map(len, parts.values()))
    missed = [
        f"{split} has {len(parts[split])} of {total} files ({len(parts[split]) / total:.0%}) "
        f"instead of {share:.0%}"
        for split, share in (("val", partition.val), ("test", partition.test))
        if share and abs(len(parts[split]) - share * total) > max(1, share * total / 4)
    ]
    if not missed:
        return None
    return (
        f"data.split: {' and '.join(missed)}, because data.split.by={partition.by} keeps files "
        "together; another data.split.seed may come nearer"
    )


def _too_few(
    names: Sequence[str], groups: Collection[str], by: str | None, shares: Sequence[str]
) -> str:
    splits = f"train and {' and '.join(shares)}"
    if by == "name-prefix" and not any(NUMBER.sub("", _stem(name)) for name in names):
        return (
            f"data.split: names that are only numbers, such as {min(names)}, are grouped by their "
            f"folder, and there are too few folders ({len(groups)}) for {splits}; "
            "choose data.split.by=null, which keeps no files together, give each sequence a folder "
            "and choose data.split.by=folder, or give lists with data.list"
        )
    kind = f"groups by {by}" if by else "files"
    return (
        f"data.split: {len(names)} files are {len(groups)} {kind} (such as {min(groups)}), too "
        f"few for {splits}; choose data.split.by=null, or give lists with data.list"
    )


def group_of(name: str, by: str | None, ending: str = "") -> str:
    """The group of a file: ``a/scan3`` for ``a/scan3_017`` by its prefix, ``a`` by folder.

    Args:
        name: Of the file.
        by: What stays together.
        ending: End of all names, whose digits count nothing, such as ``_leftImg8bit`` or ``_cam0``.
    """
    path = PurePosixPath(name)
    match by:
        case "name-prefix" | "number-before-text":
            prefix = NUMBER.sub("", _stem(name).removesuffix(ending))
            return str(path.with_name(prefix)) if prefix else str(path.parent)
        case "folder":
            return str(path.parent)
        case "number-at-end":
            return str(path.with_name(AT_END.sub("", _stem(name)) or _stem(name)))
    return name


def _stem(name: str) -> str:
    path = PurePosixPath(name)
    return path.stem if path.suffix.lower() in SUFFIXES else path.name


def _ending(names: Sequence[str], by: str | None) -> str:
    """The text after the number that all names end in; empty where they end in the number.

    A number after letters that all names share, such as ``_cam0``, belongs to that text; one
    without letters, such as ``_10``, may be that of the only frame of each sequence.
    """
    backwards = [_stem(name)[::-1] for name in names]
    # What the first and the last name in order share, all names share.
    ends = zip(min(backwards), max(backwards), strict=False)
    common = "".join(one for one, _ in takewhile(lambda both: both[0] == both[1], ends))[::-1]
    common = common.lstrip("0123456789")
    is_text = by != EARLIER[2] and any(character.isalpha() for character in common)
    return common if is_text or not common[-1:].isdigit() else ""


def _is_nearer(
    taken: Sequence[str], group: str, groups: Mapping[str, Sequence[str]], target: float
) -> bool:
    held = sum(len(groups[name]) for name in taken)
    return abs(held + len(groups[group]) - target) < abs(held - target)


def _digest(seed: int, group: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{group}".encode("utf-8", "surrogateescape")).digest()
