"""The meaning of numbers and colours in label files: classes, ignored, everything else."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from segadapt.data.names import checked_names
from segadapt.structures import MAX_CLASSES

Color = tuple[int, int, int]
"""Red, green and blue, 0 ... 255."""

ERROR, IGNORED = "error", "ignore"
"""Meanings of values that a table does not list; otherwise, the number of a class."""

LARGEST: Final = 65_535
"""The largest number that a label file may hold."""

BINARY: Final = ("background", "foreground")


@dataclass(frozen=True)
class Values:
    """Values of pixels in label files."""

    numbers: tuple[int, ...] = ()
    colors: tuple[Color, ...] = ()

    @property
    def all(self) -> tuple[int | Color, ...]:
        return (*self.numbers, *self.colors)


class TableFault(ValueError):
    """An entry of a label table is invalid.

    Args:
        sentence: The problem and its solution.
        entry: Number of the class; K for the ignored values, K + 1 for all others.
    """

    def __init__(self, sentence: str, entry: int) -> None:
        super().__init__(sentence)
        self.entry = entry


@dataclass(frozen=True)
class LabelTable:
    """The meaning of every value that label files may hold, and the way back.

    Args:
        names: Class names in order.
        sources: The values that mean each class; the first of each kind is what is written.
        ignored: Values that are ignored.
        others: What all other values mean: an error, ignored, or the class of this number.
        palette: How each class is drawn, None for a colour of our choice; None for all.

    Raises:
        ValueError: If a class has no value, a value has two meanings or does not exist in files,
            or names are missing or equal. A :class:`TableFault` names the entry.
    """

    names: tuple[str, ...]
    sources: tuple[Values, ...]
    ignored: Values = Values()
    others: str | int = ERROR
    palette: tuple[Color | None, ...] | None = None

    def __post_init__(self) -> None:
        number = len(self.names)
        if number > MAX_CLASSES:
            raise ValueError(f"{number:,} classes are more than the {MAX_CLASSES:,} that fit")
        object.__setattr__(self, "names", checked_names(self.names, "the label table"))
        if len(self.sources) != number or len(self.palette or self.names) != number:
            raise ValueError(
                f"a label table has {number} class names, but values for {len(self.sources)} and "
                f"colours for {len(self.palette or self.names)} classes; give each class one entry"
            )
        _check_values(self)
        if self.others not in (ERROR, IGNORED, *range(number)):
            raise TableFault(
                f"other values mean {self.others!r}, which is not a class; write {ERROR}, "
                f"{IGNORED} or the name of a class",
                number + 1,
            )

    @classmethod
    def numbered(
        cls, names: Sequence[str], classes: Mapping[int, int], ignored: Collection[int] = ()
    ) -> "LabelTable":
        """Classes by their numbers in files, of which several may share a class.

        Args:
            names: Class names in order.
            classes: Class of each number.
            ignored: Numbers that are ignored.

        Raises:
            ValueError: As above, or if a number means a class that has no name.
        """
        numbers: list[list[int]] = [[] for _ in names]
        for number, k in classes.items():
            if not 0 <= k < len(names):
                raise ValueError(f"number {number} means class {k} of {len(names)}; name it")
            numbers[k].append(number)
        sources = tuple(Values(tuple(of_class)) for of_class in numbers)
        return cls(tuple(names), sources, Values(tuple(ignored)))

    @classmethod
    def consecutive(
        cls,
        names: Sequence[str],
        first: int = 0,
        unused: Collection[int] = (),
        ignored: Collection[int] = (),
    ) -> "LabelTable":
        """The classes in order have the numbers ``first``, ``first + 1``, ... but those unused.

        Args:
            names: Class names in order.
            first: Number of class 0.
            unused: Numbers that no class has, and that are errors.
            ignored: Numbers that are ignored.
        """
        last = first + len(names) + len(unused)
        numbers = [number for number in range(first, last) if number not in unused]
        sources = tuple(Values((number,)) for number in numbers)
        return cls(tuple(names), sources, Values(tuple(ignored)))

    @classmethod
    def binary(cls, names: Sequence[str] = BINARY) -> "LabelTable":
        """Masks: 0 is the background, 255 or 1 the foreground (``binary_masks`` refuses both).

        Raises:
            ValueError: If there are not two names.
        """
        if len(names) != len(BINARY):
            raise ValueError(
                f"a binary mask has 2 classes, but there are {len(names)} names; name the "
                "background first, then the foreground"
            )
        return cls(tuple(names), (Values((0,)), Values((255, 1))))

    @property
    def num_classes(self) -> int:
        return len(self.names)

    @property
    def has_numbers(self) -> bool:
        """Whether files of numbers can be read."""
        return bool(self.ignored.numbers) or any(values.numbers for values in self.sources)

    @property
    def has_colors(self) -> bool:
        """Whether files of colours can be read."""
        return bool(self.ignored.colors) or any(values.colors for values in self.sources)


def shown(value: int | Color) -> str:
    """A value as tables and errors write it: 12 or #0a80ff."""
    return str(value) if isinstance(value, int) else "#" + "".join(f"{part:02x}" for part in value)


def _check_values(table: LabelTable) -> None:
    """Each class has a value, and each value one meaning."""
    meaning: dict[int | Color, int] = {}
    for entry, values in enumerate((*table.sources, table.ignored)):
        what = _what(table, entry)
        if not values.all and entry < table.num_classes:
            raise TableFault(f"{what} has no value; give it numbers or colors", entry)
        for value in values.all:
            _check_range(value, what, entry)
            if value in meaning:
                twice = f"{shown(value)} means {_what(table, meaning[value])}"
                again = " twice" if meaning[value] == entry else f" and {what}"
                raise TableFault(f"{twice}{again}; keep it once", entry)
            meaning[value] = entry


def _check_range(value: int | Color, what: str, entry: int) -> None:
    if isinstance(value, int):
        if not 0 <= value <= LARGEST:
            raise TableFault(
                f"{what} has the number {value}, which no label file holds; numbers are from 0 to "
                f"{LARGEST}",
                entry,
            )
    elif len(value) != 3 or not all(0 <= part <= 255 for part in value):
        raise TableFault(
            f"{what} has the colour {value}; give red, green and blue from 0 to 255", entry
        )


def _what(table: LabelTable, entry: int) -> str:
    return f"class {table.names[entry]!r}" if entry < table.num_classes else "ignored pixels"
