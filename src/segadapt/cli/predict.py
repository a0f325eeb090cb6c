"""``segadapt predict``: label files, overlays and maps of images."""

from collections.abc import Sequence
from typing import Any, Final

import yaml

from segadapt.cli.places import CONF
from segadapt.cli.shell import answer
from segadapt.cli.words import UsageError, check_given, read_words
from segadapt.files import expanded

SETTING: Final = "inference."

NEEDED: Final = ("run", "images", "out")


def main(words: Sequence[str]) -> int:
    """Run one command line.

    Args:
        words: ``KEY=VALUE`` of conf/predict.yaml, and ``inference.KEY=VALUE``.

    Returns:
        The exit code: 1 if an image was skipped.
    """
    return 1 if answer(lambda: predict(words)) else 0


def predict(words: Sequence[str]) -> int:
    """Predict images as requested by the words, and return the number skipped."""
    settings, rest = split_settings(words)
    options = read_words(rest, CONF / "predict.yaml")
    check_given(options, NEEDED, "run=RUN images=PATH out=FOLDER")
    for key in ("run", "beside"):
        check_there(key, options[key])
    from rich.console import Console

    from segadapt.deployment.prediction_files.predict_command import predict_command

    return predict_command(options, settings, Console())


def check_there(key: str, place: str | None) -> None:
    """Report a wrong path before any slow import.

    Args:
        key: Key of the command line.
        place: Its value: a run folder, a bundle, or ``hf:owner/name``.

    Raises:
        ValueError: If the path does not exist; names on a hub are checked later.
    """
    if place is not None and not place.startswith("hf:") and not expanded(place).exists():
        raise ValueError(
            f"{key}={place} does not exist; pass a run folder (printed when the training ends)"
        )


def split_settings(words: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Split words into the settings of an inference, by key, and the other words.

    Args:
        words: Words of a command line.

    Raises:
        UsageError: If a setting has no value.
    """
    settings = [word for word in words if word.startswith(SETTING)]
    return inference_settings(settings), [word for word in words if word not in settings]


def inference_settings(words: Sequence[str]) -> dict[str, Any]:
    """Settings of an inference by key.

    Args:
        words: ``inference.KEY=VALUE``, with the value in YAML.

    Raises:
        UsageError: If a word does not have this form.
    """
    settings: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.removeprefix(SETTING).partition("=")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError:
            value, equals = None, ""
        if not (key and equals):
            raise UsageError(f"{word!r} is not a setting. Write: inference.window=[512,512].")
        settings[key] = value
    return settings
