"""One photograph at a time, and of each visitor only the latest."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, TypeVar

VISITORS: Final = 1000
"""Number of the latest visitors whose questions are known."""

NAME: Final = 40
"""Largest number of characters kept from a visitor's name."""

Value = TypeVar("Value")


class Turns:
    """Does one piece of work at a time, and skips work that is no longer wanted.

    A visitor who tries one photograph after the other would otherwise wait for all of them.
    """

    def __init__(self) -> None:
        self._latest: OrderedDict[str, int] = OrderedDict()
        self._noting, self._working = threading.Lock(), threading.Lock()

    def take(self, visitor: str, turn: int, act: Callable[[], Value]) -> Value | None:
        """The value of some work, or None if the same visitor has asked for other work since.

        Args:
            visitor: Name of an open page.
            turn: Number of the question, which grows with each question of that page.
            act: Does the work.
        """
        visitor = visitor[:NAME]
        with self._noting:
            self._latest[visitor] = max(turn, self._latest.get(visitor, turn))
            self._latest.move_to_end(visitor)
            while len(self._latest) > VISITORS:
                self._latest.popitem(last=False)
        with self._working:
            return act() if self._latest.get(visitor, turn) == turn else None
