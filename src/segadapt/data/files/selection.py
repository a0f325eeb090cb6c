"""Selection of the pairs of a folder that belong to a split, and of unused files."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from segadapt.data.files.layout import Found, find
from segadapt.data.files.name_rules import SPLIT, find_by_rules
from segadapt.data.files.pair_list import (
    Row,
    by_split,
    listed_pairs,
    named_pairs,
    read_rows,
)
from segadapt.data.files.pairs import Pair, everything_below
from segadapt.data.files.partition import checked_partition, parted, remark
from segadapt.files import expanded
from segadapt.text.borders import printable

SHOWN: Final = 3
"""Files that a note names."""

SYSTEM: Final = ("thumbs.db", "desktop.ini")
"""Files of file managers, which are skipped like hidden files."""


class Rules(NamedTuple):
    """Rules that assign the files of a folder; all None for the usual names of folders.

    Attributes:
        image: Rule of the images' names.
        label: Rule of the labels' names.
        listed: List of all splits, or one for each.
        partition: How splits are drawn.
    """

    image: str | None = None
    label: str | None = None
    listed: str | Mapping[str, str] | None = None
    partition: Mapping[str, Any] | None = None


class Selection(NamedTuple):
    """A split of a folder.

    Attributes:
        pairs: Its files, sorted by name.
        notes: Sentences about files that no split uses, and about splits that miss their shares.
        division: Files of every split, where a list or a draw assigns them; else nothing.
    """

    pairs: list[Pair]
    notes: list[str]
    division: Mapping[str, list[Pair]]


class _Listed(NamedTuple):
    """Pairs that lists name: of one split or of what is dealt out, of all, and split by split."""

    own: Found
    everything: dict[str, Pair]
    division: dict[str, list[Pair]]


def select(root: Path, split: str, rules: Rules) -> Selection:
    """Choose the files of a split.

    Raises:
        ValueError: If the rules contradict each other or the folder, or the split has no file.
    """
    if (rules.image is None) != (rules.label is None):
        lacking = "data.image" if rules.image is None else "data.label"
        raise ValueError(f"{lacking} is missing; set data.image and data.label, or neither")
    if rules.listed is not None:
        lists = _of_lists(root, split, rules)
        candidates, used, division = lists.own, lists.everything, lists.division
    else:
        candidates = _in_folder(root, split, rules, parts=rules.partition is None)
        used, division = candidates.pairs, {}
    missed = None
    if rules.partition is not None:
        partition = checked_partition(rules.partition)
        parts = parted(list(candidates.pairs), partition)
        if split not in parts:
            raise ValueError(f"data.split draws {', '.join(parts)}, not {split!r}")
        missed = remark(parts, partition)
        division = {
            part: [candidates.pairs[name] for name in names] for part, names in parts.items()
        }
    pairs = division[split] if division else list(candidates.pairs.values())
    files = {file for pair in used.values() for file in pair}
    notes = [unused(candidates.searched, files), missed]
    return Selection(pairs, [note for note in notes if note], division)


def unused(searched: Sequence[Path], used: set[Path]) -> str | None:
    """A note about unused files in folders; None if there are none."""
    rest = [file for file in everything_below(searched) if file not in used]
    passed = [file for file in rest if file.name.startswith(".") or file.name.lower() in SYSTEM]
    others = [file for file in rest if file not in set(passed)]
    if not rest:
        return None
    parts = []
    if others:
        kinds = Counter(file.suffix.lower() or "no suffix" for file in others).most_common(SHOWN)
        shown = ", ".join(f"{number} {kind}" for kind, number in kinds)
        parts.append(f"{len(others)} ({shown}; {_names(others)})")
    if passed:
        parts.append(f"{len(passed)} hidden or of the system ({_names(passed)})")
    return f"files that are not used in {searched[0]}: {' and '.join(parts)}"


def _names(files: Sequence[Path]) -> str:
    more = ", ..." if len(files) > SHOWN else ""
    return ", ".join(printable(file.name) for file in files[:SHOWN]) + more


def _in_folder(root: Path, split: str, rules: Rules, parts: bool) -> Found:
    """All pairs that follow from names.

    Args:
        root: Folder of the data set.
        split: Which split.
        rules: How files are told apart.
        parts: Whether the folder itself is divided into splits.
    """
    if rules.image is None or rules.label is None:
        return find(root, split if parts else None)
    divided = [rule for rule in (rules.image, rules.label) if SPLIT in rule]
    if parts and not divided:
        raise ValueError(
            f"data.image={rules.image!r} and data.label={rules.label!r} do not say which files "
            "belong to which split; put {split} into both, or set data.split={val: 0.2} or "
            "data.list"
        )
    if not parts and divided:
        raise ValueError(
            f"{divided[0]!r} holds {SPLIT}, but data.split or data.list decides about splits; "
            f"remove {SPLIT}"
        )
    return find_by_rules(root, rules.image, rules.label, split)


def _of_lists(root: Path, split: str, rules: Rules) -> _Listed:
    """The pairs of a split, or of all that is to be dealt out, and those of all splits."""
    files = _lists(root, split, rules)
    chosen: dict[str, Pair] = {}
    everything: dict[str, Pair] = {}
    division: dict[str, list[Pair]] = {}
    searched: tuple[Path, ...] = ()
    for name, file in files.items():
        rows = read_rows(file)
        candidates = _pairs(root, split, rules, file, rows)
        everything |= candidates.pairs
        searched = (*searched, *candidates.searched)
        if name == split or not isinstance(rules.listed, Mapping):
            mine = _mine(file, rows, split, rules)
            chosen = _pairs(root, split, rules, file, mine).pairs
        if name:
            division[name] = list(candidates.pairs.values())
        else:
            division = {
                part: list(_pairs(root, part, rules, file, its).pairs.values())
                for part, its in by_split(rows, split).items()
            }
    return _Listed(Found(chosen, _outermost(searched)), everything, division)


def _lists(root: Path, split: str, rules: Rules) -> dict[str, Path]:
    """The lists, by split if there is one for each."""
    if not isinstance(rules.listed, Mapping):
        return {"": root / expanded(str(rules.listed))}
    if rules.partition is not None:
        raise ValueError("data.list gives each split, so data.split draws nothing; remove one")
    if split not in rules.listed:
        raise ValueError(f"data.list has {', '.join(rules.listed)}, but no list for {split!r}")
    return {name: root / expanded(str(file)) for name, file in rules.listed.items()}


def _mine(file: Path, rows: Sequence[Row], split: str, rules: Rules) -> list[Row]:
    """The lines that are of the split, or are dealt out."""
    divided = any(row.split is not None for row in rows)
    if divided and (rules.partition is not None or isinstance(rules.listed, Mapping)):
        other = "data.split" if rules.partition is not None else "a list for each split"
        raise ValueError(f"{file} has a column of splits, which {other} contradicts; remove one")
    if not divided:
        if rules.partition is None and not isinstance(rules.listed, Mapping):
            raise ValueError(
                f"{file} does not say which line belongs to which split; add a third column, set "
                "data.split={val: 0.2}, or give data.list={train: FILE, val: FILE}"
            )
        return list(rows)
    mine = [row for row in rows if row.belongs_to(split)]
    if not mine:
        known = ", ".join(sorted({str(row.split) for row in rows})[:8])
        raise ValueError(f"{file} has no line of split {split!r}; it has {known}")
    return mine


def _pairs(root: Path, split: str, rules: Rules, file: Path, rows: Sequence[Row]) -> Found:
    if rows[0].label is not None:
        pairs = listed_pairs(file, root, rows)
        return Found(pairs, tuple({file.parent for pair in pairs.values() for file in pair}))
    known = _in_folder(root, split, rules, parts=False)
    return Found(named_pairs(file, rows, known.pairs, root), known.searched)


def _outermost(folders: Sequence[Path]) -> tuple[Path, ...]:
    """Folders without those that lie in another of them."""
    return tuple(
        folder
        for folder in sorted(set(folders))
        if not any(other in folder.parents for other in folders)
    )
