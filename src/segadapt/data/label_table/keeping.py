"""The label table of a training, stored in its run folder so that it never changes."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from segadapt.data.label_table.reading import read_table, write_table
from segadapt.data.label_table.table import LabelTable, Values, shown
from segadapt.text.borders import shortened

LONGEST: Final = 80
"""Characters of values in a sentence."""


def keep(table: LabelTable, file: Path) -> None:
    """Store the table of a training, or compare it with the stored one.

    Args:
        table: The table now.
        file: In the run folder.

    Raises:
        ValueError: If the training began with another one.
    """
    if file.is_file():
        compare(read_table(file), table, file)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_table(table, file, ["Label table of this training."])


def kept_or_chosen(
    file: str | None, source: Path | None, choose: Callable[[], LabelTable]
) -> LabelTable:
    """The table kept by the run folder, if an existing run is opened, else the one chosen.

    Args:
        file: What the run folder keeps; None where there is no run folder yet.
        source: File that the choice is read from; None where it is written in the config.
        choose: Gives the table that the config asks for.

    Raises:
        ValueError: If the choice is not in order, or is not what the training had.
    """
    if file is None:
        return choose()
    table = read_table(Path(file))
    if source is None or source.is_file():  # else it has been moved, and the run has its own
        compare(table, choose(), Path(file))
    return table


def compare(kept: LabelTable, now: LabelTable, file: Path) -> None:
    """Refuse a table that means something else than the one that a training had.

    Args:
        kept: The training's.
        now: The one beside the data.
        file: Where the first one is.

    Raises:
        ValueError: If classes, their values, or the meaning of other values differ.
    """
    if sentence := _difference(kept, now):
        raise ValueError(
            f"the label table is not what the training had (kept in {file}): {sentence}; put it "
            "back as it was, or train again in a new run folder"
        )


def _difference(kept: LabelTable, now: LabelTable) -> str | None:
    if kept.num_classes != now.num_classes:
        return f"it had {kept.num_classes} classes and has {now.num_classes} now"
    for number, (before, after) in enumerate(zip(kept.names, now.names, strict=True)):
        if before != after:
            return f"class {number} was {before!r} and is {after!r} now"
    whats = [*(f"class {name!r}" for name in kept.names), "ignored pixels"]
    rows = zip(whats, (*kept.sources, kept.ignored), (*now.sources, now.ignored), strict=True)
    for what, had, has in rows:
        if had != has:
            return f"{what} had {_listed(had)}, but now {_listed(has)}"
    if kept.others != now.others:
        return f"other values meant {_meaning(kept)} and mean {_meaning(now)} now"
    return None


def _listed(values: Values) -> str:
    return shortened(", ".join(map(shown, values.all)) or "no value", LONGEST)


def _meaning(table: LabelTable) -> str:
    return table.others if isinstance(table.others, str) else repr(table.names[table.others])
