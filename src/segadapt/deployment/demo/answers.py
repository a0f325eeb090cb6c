"""Requests of the page, and the plain values that answer them."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import numpy as np

from segadapt.deployment.demo.pictures import (
    changed_source,
    classes_source,
    confidence_source,
    css_color,
    photograph_source,
)
from segadapt.deployment.demo.reading import Pixel, Reading, read, top_classes
from segadapt.deployment.demo.samples import Sample
from segadapt.deployment.demo.uploads import Limits, read_upload
from segadapt.deployment.inputs.images import Photograph
from segadapt.deployment.prediction_files.work import Network
from segadapt.runs.errors import USER_ERRORS, user_message

KEPT: Final = 4
"""Number of the latest photographs, from all users, whose pixels can be clicked."""

THUMBNAIL: Final = 160
"""Pixels of the longer side of a sample in the list."""

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

    def __init__(
        self, networks: Sequence[Network], samples: Sequence[Sample], limits: Limits
    ) -> None:
        self.networks, self.samples, self.limits = networks, samples, limits
        self._kept: OrderedDict[str, list[Reading]] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    def upload(self, question: Any) -> Answer:
        """Predictions of the networks for a file.

        Args:
            question: Its ``name``, and its bytes in base64 as ``content``.
        """

        def shown() -> Answer:
            name, content = _field(question, "name", str), _field(question, "content", str)
            return self._shown(read_upload(name, content, self.limits))

        return _answered(shown)

    def sample(self, question: Any) -> Answer:
        """Predictions of the networks for a sample.

        Args:
            question: Its ``number`` in the list.
        """

        def shown() -> Answer:
            number = _field(question, "number", int)
            if not 0 <= number < len(self.samples):
                raise ValueError(f"there is no sample {number}; reload the page")
            sample = self.samples[number]
            return self._shown(sample.read()._replace(name=sample.name))

        return _answered(shown)

    def pixel(self, question: Any) -> Answer:
        """The best classes of a pixel, before and after adaptation, by network.

        Args:
            question: ``picture``, as the answer about the photograph called it, ``row`` and
                ``column``.
        """

        def shown() -> Answer:
            pixel = _field(question, "row", int), _field(question, "column", int)
            readings = self._kept.get(_field(question, "picture", str))
            if readings is None:
                raise ValueError("this photograph is no longer kept; choose it again")
            return _pixel_values(readings, pixel)

        return _answered(shown)

    def thumbnails(self) -> list[dict[str, str]]:
        """Samples as the page lists them; those that cannot be read have no picture."""
        return [{"name": sample.name, "source": _thumbnail(sample)} for sample in self.samples]

    def _shown(self, photograph: Photograph) -> Answer:
        with self._one_at_a_time:
            readings = [read(network, photograph) for network in self.networks]
        picture = secrets.token_urlsafe(12)
        self._kept[picture] = readings
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        height, width = photograph.pixels.shape[:2]
        colors = self.networks[0].model.colors
        return {
            "picture": picture,
            "name": photograph.name,
            "rows": height,
            "columns": width,
            "source": photograph_source(photograph.pixels),
            "runs": [_run_values(reading, colors) for reading in readings],
        }


def page_facts(networks: Sequence[Network], limits: Limits) -> Answer:
    """Content of the page before a photograph is chosen.

    Args:
        networks: Networks of the page.
        limits: Limits of uploads.
    """
    model = networks[0].model
    return {
        "data": model.trained.data.name,
        "classes": list(model.classes),
        "colors": [css_color(color) for color in model.colors],
        "runs": [{"title": network.title, "facts": _facts(network)} for network in networks],
        "max_bytes": limits.bytes,
        "max_pixels": limits.pixels,
    }


def _facts(network: Network) -> str:
    """The origin of a network, in one line."""
    info = network.model.info
    measured = [] if info.get("miou") is None else [f"mIoU {100 * info['miou']:.1f}"]
    return ", ".join([*measured, f"step {info['step']}", str(info["source"])])


def _run_values(reading: Reading, colors: np.ndarray) -> Answer:
    """The pictures of one network, and the share of each class."""
    pixels = np.bincount(reading.labels.reshape(-1), minlength=len(colors))
    values: Answer = {
        "after": classes_source(reading.labels, colors),
        "confidence": confidence_source(reading.confidence),
        "mean_confidence": float(reading.confidence.mean(dtype=np.float64)),
        "shares": (pixels / reading.labels.size).tolist(),
        "before": None,
        "changed": None,
    }
    if reading.coarse is not None:
        changed = reading.labels != reading.coarse
        values["before"] = classes_source(reading.coarse, colors)
        values["changed"] = changed_source(changed)
        values["changed_share"] = float(changed.mean())
    return values


def _pixel_values(readings: Sequence[Reading], pixel: Pixel) -> Answer:
    """The nearest pixel with stored probabilities, and its classes by network."""
    grid = readings[0].grid
    (row, column), place = grid.nearest(pixel)
    runs = [[score._asdict() for score in top_classes(reading, place)] for reading in readings]
    return {"row": row, "column": column, "every": grid.every, "runs": runs}


def _thumbnail(sample: Sample) -> str:
    try:
        return photograph_source(sample.read().pixels, THUMBNAIL)
    except USER_ERRORS:
        return ""  # its sentence comes when it is chosen


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
        return {"error": user_message(error)}
