"""KEY=VALUE words of verbs that do not compose a config with Hydra."""

import re
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from segadapt.runs.settings.near import hint
from segadapt.text.choices import unknown


class UsageError(ValueError):
    """Raised for a command line that cannot be understood; exit code 2."""


def read_words(
    words: Sequence[str],
    file: Path,
    rest: str | None = None,
    titles: bool = False,
    optional: Collection[str] = (),
) -> dict[str, Any]:
    """Read the words of a verb.

    Args:
        words: ``KEY=VALUE``, and plain words if ``rest`` is given.
        file: YAML file with the verb's keys; the type of a default is the type of the key, and a
            key whose default is null accepts text.
        rest: Key of a list that collects words without an equals sign.
        titles: Whether it also collects ``TITLE=VALUE`` with any other title, as a whole.
        optional: Keys that accept null although their default is a value.

    Returns:
        A value for every key of the file.

    Raises:
        UsageError: If a key is unknown or a value has the wrong type.
    """
    values: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    values.pop("hydra", None)
    for key, text in _pairs(list(words), values, rest, titles):
        if key == rest:
            values[key] = [*values[key], *_value(key, text, [])]
        else:
            absent = text == "null" and key in optional
            values[key] = None if absent else _value(key, text, values[key])
    return values


def check_given(options: Mapping[str, Any], keys: Sequence[str], usage: str) -> None:
    """Check that the required keys of a verb are given.

    Args:
        options: Result of :func:`read_words`.
        keys: Required keys.
        usage: Words of a correct call.

    Raises:
        UsageError: If a key is missing; names the first one.
    """
    if lacking := [key for key in keys if options[key] in (None, [])]:
        raise UsageError(f"{lacking[0]}= is missing. Write: {usage}.")


def check_range(options: Mapping[str, Any], key: str, least: int, most: int | None = None) -> None:
    """Check an integer of a verb before anything slow begins.

    Args:
        options: Result of :func:`read_words`.
        key: Key of the integer.
        least: Smallest valid value.
        most: Largest valid value; None for any.

    Raises:
        UsageError: If it is out of range; names the key, the value and the range.
    """
    value = options[key]
    if value < least or (most is not None and value > most):
        valid = f"of {least} or more" if most is None else f"from {least} to {most}"
        raise UsageError(f"{key}={value}: {key} takes an integer {valid}.")


def _pairs(
    words: list[str], values: Mapping[str, Any], rest: str | None, titles: bool
) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    while words:
        word = words.pop(0)
        if word.startswith("--"):
            pairs += _read_option(word, words, values)
            continue
        key, equals, text = word.partition("=")
        if equals and key in values:
            pairs.append((key, text))
        elif rest is not None and (titles or not equals or Path(word).exists()):
            pairs.append((rest, word))
        else:
            raise UsageError(_unknown(word, key, values))
    return pairs


def _read_option(word: str, words: list[str], values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Read an option in the form used before version 0.2, and print the new form."""
    name, equals, text = word[2:].partition("=")
    key = name.replace("-", "_")
    key = {"no_cost": "cost"}.get(key, key)
    if key not in values:
        raise UsageError(_unknown(word, key, values))
    if isinstance(values[key], bool):
        texts = ["false" if name == "no-cost" else "true"]
    elif equals:
        texts = [text]
    else:
        count = len(words) if isinstance(values[key], list) else 1
        texts = []
        while words and len(texts) < count and not re.match(r"--|\w+=", words[0]):
            texts.append(words.pop(0))
    if not texts:
        raise UsageError(f"{word} has no value. Write {key}=VALUE.")
    shown = texts[0] if len(texts) == 1 else f"[{','.join(texts)}]"
    print(f"note: --{name} is deprecated; write {key}={shown}", file=sys.stderr)
    return [(key, shown)]


def _value(key: str, text: str, default: Any) -> Any:
    """The value of a word, converted to the type of its key."""
    if text == "null":
        if default is not None:
            raise UsageError(f"{key}=null: {key} needs a value.")
        return None
    if isinstance(default, bool):
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        raise UsageError(f"{key}={text}: {key} takes true or false.")
    if isinstance(default, list):
        inside = text[1:-1] if text.startswith("[") and text.endswith("]") else None
        return [text] if inside is None else [part.strip() for part in inside.split(",") if part]
    if isinstance(default, int | float):
        try:
            return type(default)(text)
        except ValueError:
            kind = "an integer" if isinstance(default, int) else "a number"
            raise UsageError(f"{key}={text}: {key} takes {kind}.") from None
    return text


def _unknown(word: str, key: str, values: Mapping[str, Any]) -> str:
    question = hint(key.removeprefix("--"), values, "{}=")
    return unknown("key in", word, (f"{name}=" for name in values), suggestion=question)
