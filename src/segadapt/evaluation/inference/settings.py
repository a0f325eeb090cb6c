"""Settings of an inference, and properties that follow from them."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, cast

from segadapt.evaluation.inference.methods import Inference, multiscale, slide, whole


def can_use_labels(inference: Inference) -> bool:
    """Whether a classifier adapts once to the whole image, so that it can use labels."""
    way, settings = _parts(inference)
    return way is whole or (way is slide and settings["context"] == "global")


def shares_context(inference: Inference) -> bool:
    """Whether a classifier adapts once to an image that is then scored by windows."""
    _, settings = _parts(inference)
    seen = settings.get("window") is not None
    return seen and settings["context"] == "global"


def resamples(inference: Inference) -> bool:
    """Whether the network sees resized copies of its input, which must then be normalised."""
    way, _ = _parts(inference)
    return way is multiscale


def settings_of(inference: Inference) -> dict[str, Any]:
    """An inference with all its settings, as in a config."""
    way, settings = _parts(inference)
    plain = {
        name: list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
        for name, value in settings.items()
    }
    return {"_target_": f"{way.__module__}.{way.__qualname__}", **plain}


def short_name(inference: Inference) -> str:
    """A short name for files that distinguishes common settings."""
    way, settings = _parts(inference)
    windows = way is multiscale and settings["window"] is not None
    seen = way is slide or windows
    parts = [
        way.__name__,
        "windows" if windows else "",
        "global" if seen and settings["context"] == "global" else "",
        settings["blend"] if seen and settings["blend"] != "uniform" else "",
    ]
    return "-".join(part for part in parts if part)


def check_sees_images(inference: Inference, pictures: bool) -> None:
    """Refuse to cut or resize cached features.

    Args:
        inference: Inference for the data set.
        pictures: Whether the data set consists of images rather than cached features.

    Raises:
        ValueError: If cached features would not be scored whole.
    """
    if not pictures and (name := short_name(inference)) != whole.__name__:
        raise ValueError(
            f"inference={name} cuts or resizes images, and cached features are not images; set "
            "inference=whole, or evaluate the network that they come from"
        )


def _parts(inference: Inference) -> tuple[Callable[..., Any], dict[str, Any]]:
    """The function of an inference, and all its settings including defaults."""
    way = getattr(inference, "func", inference)  # a function, or a partial of it
    given = getattr(inference, "keywords", {})
    settings = {
        name: given.get(name, parameter.default)
        for name, parameter in inspect.signature(way).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and name != "keep"
    }
    return cast(Callable[..., Any], way), settings
