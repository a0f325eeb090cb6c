"""Kinds of values of a config: accepted values, and their description in a sentence."""

import math
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

LARGEST_WHOLE: Final = 2**31 - 1
LARGEST_REAL: Final = 3.4e38
"""Largest 32-bit integer; no setting needs a larger one."""


class Kind(ABC):
    """A kind of values."""

    @abstractmethod
    def accepts(self, value: Any) -> bool:
        """Whether a value is of this kind."""

    @abstractmethod
    def takes(self, value: Any, many: bool = False) -> str:
        """The accepted values, as the end of a sentence that begins with "it must be".

        Args:
            value: The refused value; a hint may depend on it.
            many: Whether to use the plural, without an article.
        """


def fits(kind: Kind, value: Any) -> bool:
    """Whether a value is of a kind, or an interpolation whose value is not known yet."""
    return is_open(value) or kind.accepts(value)


def is_open(value: Any) -> bool:
    """Whether a value is an interpolation, or missing (``???``)."""
    return type(value) is str and ("${" in value or value == "???")


class Range(NamedTuple):
    """A range of valid numbers."""

    least: float = -math.inf
    most: float = math.inf
    above: bool = False
    """Whether the lower bound is excluded."""
    below: bool = False
    """Whether the upper bound is excluded."""

    def holds(self, value: float) -> bool:
        """Whether a number is within the range."""
        return (value > self.least if self.above else value >= self.least) and (
            value < self.most if self.below else value <= self.most
        )

    def said(self) -> str:
        """The range in words, to follow "a number"."""
        bounded = math.isfinite(self.least), math.isfinite(self.most)
        match bounded:
            case (True, True) if not (self.above or self.below):
                return f" from {self.least:g} to {self.most:.10g}"
            case (True, True):
                start = f"> {self.least:g}" if self.above else f">= {self.least:g}"
                end = "<" if self.below else "<="
                return f" {start} and {end} {self.most:.10g}"
            case (True, False):
                return f" > {self.least:g}" if self.above else f" >= {self.least:g}"
        return ""


ANY: Final = Range()
NOT_NEGATIVE: Final = Range(0)


@dataclass(frozen=True)
class Whole(Kind):
    """An integer."""

    range: Range = NOT_NEGATIVE

    def accepts(self, value: Any) -> bool:
        return (
            type(value) is int and self.range.holds(value) and -LARGEST_WHOLE <= value <= self._most
        )

    def takes(self, value: Any, many: bool = False) -> str:
        known = self.range
        if type(value) is int and value > self._most:
            known = known._replace(most=self._most)
        return ("integers" if many else "an integer") + known.said()

    @property
    def _most(self) -> int:
        return int(self.range.most) if math.isfinite(self.range.most) else LARGEST_WHOLE


@dataclass(frozen=True)
class Real(Kind):
    """A finite number."""

    range: Range = ANY

    def accepts(self, value: Any) -> bool:
        number = type(value) in (int, float) and abs(value) <= LARGEST_REAL  # nan is not
        return number and self.range.holds(value)

    def takes(self, value: Any, many: bool = False) -> str:
        finite = "" if type(value) is not float or math.isfinite(value) else "finite "
        return (f"{finite}numbers" if many else f"a {finite}number") + self.range.said()


@dataclass(frozen=True)
class Flag(Kind):
    """True or false, but no value that is merely equal to one of them."""

    def accepts(self, value: Any) -> bool:
        return type(value) is bool

    def takes(self, value: Any, many: bool = False) -> str:
        return "true or false"


@dataclass(frozen=True)
class Text(Kind):
    """A text that is not empty."""

    def accepts(self, value: Any) -> bool:
        return type(value) is str and value != "" and "\0" not in value

    def takes(self, value: Any, many: bool = False) -> str:
        quoted = f", written with quotes: \"'{value}'\"" if type(value) in (int, float) else ""
        return ("texts" if many else "a text") + quoted


@dataclass(frozen=True)
class Choice(Kind):
    """One of a few values."""

    options: tuple[str | int, ...]

    def accepts(self, value: Any) -> bool:
        return any(type(value) is type(option) and value == option for option in self.options)

    def takes(self, value: Any, many: bool = False) -> str:
        return f"one of {', '.join(dict.fromkeys(map(str, self.options)))}"


@dataclass(frozen=True)
class Device(Kind):
    """A device of tensors."""

    def accepts(self, value: Any) -> bool:
        return (
            type(value) is str and re.fullmatch(r"auto|cpu|mps|cuda(:\d{1,4})?", value) is not None
        )

    def takes(self, value: Any, many: bool = False) -> str:
        return "auto, cpu, mps, cuda or cuda:NUMBER"


@dataclass(frozen=True)
class Null(Kind):
    """Nothing."""

    def accepts(self, value: Any) -> bool:
        return value is None

    def takes(self, value: Any, many: bool = False) -> str:
        return "null"


@dataclass(frozen=True)
class Anything(Kind):
    """Any value, as long as numbers are finite."""

    def accepts(self, value: Any) -> bool:
        return type(value) is not float or math.isfinite(value)

    def takes(self, value: Any, many: bool = False) -> str:
        return "finite"
