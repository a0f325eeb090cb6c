"""Requests of the page, and the plain values that answer them."""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import numpy as np

from segadapt.deployment.demo.pictures import (
    changed_source,
    classes_source,
    confidence_source,
    photograph_source,
)
from segadapt.deployment.demo.reading import Pixel, PixelScores, Reading, read, top_classes
from segadapt.deployment.demo.samples import Samples
from segadapt.deployment.demo.turns import Turns
from segadapt.deployment.demo.uploads import Limits, read_upload
from segadapt.deployment.inputs.images import Photograph
from segadapt.deployment.prediction_files.work import Network
from segadapt.runs.errors import USER_ERRORS, is_memory, user_message
from segadapt.text.borders import printable

KEPT: Final = 4
"""Number of the latest photographs, from all users, whose pixels can be clicked."""

REPLACED: Final = "a later photograph has replaced this one"

OUT_OF_MEMORY: Final = (
    "this photograph needs more memory than the server has; choose a smaller one, or start the "
    "demo with a smaller max_pixels= or with inference=slide"
)
"""Only a photograph's size helps here; the advice of other commands is about trainings."""

Answer = dict[str, Any]
"""Plain values for JSON: the answer, or ``error`` with a sentence."""

Value = TypeVar("Value")


class Answers:
    """Answers the page's questions.

    Nothing is written: a photograph is held while it is answered, and of the latest few the
    probabilities of their pixels are kept in memory.

    Args:
        networks: One to three of one data set.
        samples: Photographs to choose from.
        limits: Limits of uploads.
    """

    def __init__(self, networks: Sequence[Network], samples: Samples, limits: Limits) -> None:
        self.networks, self.samples, self.limits = networks, samples, limits
        self._kept: OrderedDict[str, list[PixelScores]] = OrderedDict()
        self._turns = Turns()

    def upload(self, question: Any) -> Answer:
        """Predictions of the networks for a file.

        Args:
            question: Its ``name``, and its bytes in base64 as ``content``; ``visitor`` and
                ``turn``, as :class:`Turns` takes them.
        """

        def shown() -> Answer:
            name, content = _field(question, "name", str), _field(question, "content", str)
            return self._shown(question, lambda: read_upload(name, content, self.limits))

        return _answered(shown)

    def sample(self, question: Any) -> Answer:
        """Predictions of the networks for a sample.

        Args:
            question: Its ``number`` in the list; ``visitor`` and ``turn``.
        """

        def shown() -> Answer:
            number = _field(question, "number", int)
            if not 0 <= number < len(self.samples.items):
                raise ValueError(f"there is no sample {number}; reload the page")
            sample = self.samples.items[number]
            return self._shown(question, lambda: sample.read()._replace(name=sample.name))

        return _answered(shown)

    def pixel(self, question: Any) -> Answer:
        """The best classes of a pixel, before and after adaptation, by network.

        Args:
            question: ``picture``, as the answer about the photograph called it, ``row`` and
                ``column``.
        """

        def shown() -> Answer:
            pixel = _field(question, "row", int), _field(question, "column", int)
            scores = self._kept.get(_field(question, "picture", str))
            if scores is None:
                raise ValueError("this photograph is no longer kept; choose it again")
            return _pixel_values(scores, pixel)

        return _answered(shown)

    def _shown(self, question: Any, photograph: Callable[[], Photograph]) -> Answer:
        """Everything about a photograph, in its turn: others that wait are not even decoded."""
        visitor, turn = _field(question, "visitor", str), _field(question, "turn", int)
        answer = self._turns.take(visitor, turn, lambda: self._read(photograph()))
        if answer is None:
            raise ValueError(REPLACED)  # the page has dropped the question
        return answer

    def _read(self, photograph: Photograph) -> Answer:
        readings = [read(network, photograph) for network in self.networks]
        picture = secrets.token_urlsafe(12)
        self._kept[picture] = [reading.scores for reading in readings]
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        height, width = photograph.pixels.shape[:2]
        colors = self.networks[0].model.colors
        return {
            "picture": picture,
            "name": printable(photograph.name),
            "rows": height,
            "columns": width,
            "every": readings[0].scores.grid.every,
            "source": photograph_source(photograph.pixels),
            "runs": [_run_values(reading, colors) for reading in readings],
        }


def _run_values(reading: Reading, colors: np.ndarray) -> Answer:
    """The pictures of one network, and the shares of each class after and before adaptation."""
    values: Answer = {
        "after": classes_source(reading.labels, colors),
        "confidence": confidence_source(reading.confidence),
        "mean_confidence": float(reading.confidence.mean(dtype=np.float64)),
        "shares": [_shares(reading.labels, len(colors))],
        "before": None,
        "changed": None,
    }
    if reading.coarse is not None:
        changed = reading.labels != reading.coarse
        values["before"] = classes_source(reading.coarse, colors)
        values["shares"].append(_shares(reading.coarse, len(colors)))
        values["changed"] = changed_source(changed)
        values["changed_share"] = float(changed.mean())
    return values


def _shares(labels: np.ndarray, num_classes: int) -> list[float]:
    """The share of the pixels that each class has."""
    shares: list[float] = (
        np.bincount(labels.reshape(-1), minlength=num_classes) / labels.size
    ).tolist()
    return shares


def _pixel_values(networks: Sequence[PixelScores], pixel: Pixel) -> Answer:
    """The nearest pixel with stored probabilities, and its classes by network."""
    (row, column), place = networks[0].grid.nearest(pixel)
    runs = [[score._asdict() for score in top_classes(scores, place)] for scores in networks]
    return {"row": row, "column": column, "runs": runs}


def _field(question: Any, name: str, kind: type[Value]) -> Value:
    """A value that the page's script sends."""
    value = question.get(name) if isinstance(question, dict) else None
    if not isinstance(value, kind):
        raise ValueError(f"the request has no {name}; reload the page")
    return value


def _answered(act: Callable[[], Answer]) -> Answer:
    """The answer, or the sentence of an error."""
    try:
        return act()
    except (*USER_ERRORS, MemoryError, RuntimeError) as error:
        if is_memory(error):
            return {"error": OUT_OF_MEMORY}
        return {"error": user_message(error)}
