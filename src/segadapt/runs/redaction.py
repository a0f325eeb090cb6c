"""Secrets: never in a file of a run folder, on the terminal, or in a tracker.

A config is kept with ``<hidden KEY>`` in place of passwords and the like, also where another value
was made of them, and with ``${oc.env:NAME}`` in place of what the environment says. Texts that may
quote a value, such as those of errors, are cleared of all secrets that this process knows.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from omegaconf import DictConfig, OmegaConf
from omegaconf.resolvers import oc

SECRET: Final = re.compile(
    r"(?i)(^|_)(token|secret|password|passwd|passphrase|passcode|pass|pwd|pw|credentials?|cookie"
    r"|bearer|auth|(api|access|auth|private|secret|encryption)_?key)$"
)
"""Last parts of keys whose values are nobody else's business."""

FOLDERS: Final = ("PWD",)
"""Variables in which every shell keeps the current folder, although their names look secret."""

LOGIN: Final = re.compile(r"(?<=://)[^/\s]+(?=@)")
"""User and password in an address."""

ENVIRONMENT: Final = re.compile(
    r"\$\{oc\.env:\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:,(?:[^${}]|\$(?!\{))*)?\}"
)
"""What OmegaConf replaces by a variable of the environment."""

OURS: Final = "SEGADAPT_"
"""Variables of this package, which are places and switches: kept as the values they had."""

MARK: Final = re.compile(r"<hidden ([^<>\s]+)>")

SHORTEST: Final = 4
"""Characters of a secret that is looked for in texts; a shorter one would be found in any."""

INLINE: Final = re.compile(SECRET.pattern.replace("(^|_)", r"(\b|_)").replace("$", r"['\"]?\s*:"))
"""Keys of the same names in a mapping that was typed as the value of another key."""

_known: set[str] = set()
"""Secrets of this process, to be found in texts."""


def stored(cfg: DictConfig) -> dict[str, Any]:
    """A config as it may lie on a disk: plain values, but neither secrets nor the environment's.

    Args:
        cfg: Composed config, whose interpolations say which value was made of which.
    """
    hidden = OmegaConf.create(hide(OmegaConf.to_container(cfg, resolve=False)))
    with _environment_named():
        plain = OmegaConf.to_container(hidden, resolve=True, throw_on_missing=True)
    return hide(plain)  # once more: an address may have been put together


def hide(node: Any, key: str = "") -> Any:
    """A config with marks in place of secrets."""
    match node:
        case dict():
            return {
                name: _mark(path) if _is_secret(name, value) else hide(value, path)
                for name, value in node.items()
                for path in [f"{key}.{name}" if key else str(name)]
            }
        case list():
            return [hide(value, f"{key}.{index}") for index, value in enumerate(node)]
        case str():
            return LOGIN.sub(_mark(key), node)
    return node


def hidden_words(words: Iterable[str]) -> list[str]:
    """Overrides without their secrets."""
    return [_hidden_word(word) for word in words]


def unkept(node: Any) -> list[str]:
    """Keys whose values are not kept in a config, in its order."""
    texts = (value for _, value in leaves(node) if isinstance(value, str))
    return list(dict.fromkeys(key for text in texts for key in MARK.findall(text)))


def variables(node: Any) -> dict[str, str]:
    """Variables of the environment that a config takes values from, each with a key that does."""
    keys: dict[str, str] = {}
    for key, value in leaves(node):
        for name in ENVIRONMENT.findall(value) if isinstance(value, str) else ():
            keys.setdefault(name, key)
    return keys


def filled(node: Any, given: Mapping[str, Any], environment: Mapping[str, str]) -> Any:
    """A config with what was not kept, as far as it is given.

    Args:
        node: Config with marks.
        given: Values by the keys that the marks name.
        environment: Variables that may be put into their places.
    """
    match node:
        case dict():
            return {name: filled(value, given, environment) for name, value in node.items()}
        case list():
            return [filled(value, given, environment) for value in node]
        case str() if (whole := MARK.fullmatch(node)) and whole[1] in given:
            return given[whole[1]]
        case str():
            text = MARK.sub(lambda mark: _part(mark, given), node)
            return ENVIRONMENT.sub(lambda name: environment.get(name[1], name[0]), text)
    return node


def remember(config: Any) -> None:
    """Know the secrets of a resolved config, so that no text of this process quotes them."""
    for key, value in leaves(config):
        text = str(value)
        if any(_is_secret(part, value) for part in key.split(".")):
            _know(text)
        for login in LOGIN.findall(text):
            _know(login, login.partition(":")[2])


def cleared(text: str) -> str:
    """A text in which no known secret stands."""
    named = {v for k, v in os.environ.items() if SECRET.search(k) and k not in FOLDERS}
    variables = {value for value in named if len(value) >= 2 * SHORTEST}
    for secret in sorted(variables | _known, key=len, reverse=True):
        if len(secret) >= SHORTEST and not MARK.search(secret):
            text = text.replace(secret, "<hidden>")
    return LOGIN.sub("<hidden>", text)


def _know(*secrets: str) -> None:
    _known.update(secret for secret in secrets if secret)


def _mark(key: str) -> str:
    name = re.sub(r"[<>\s]", "_", key)
    return f"<hidden {name}>"


def _is_secret(name: Any, value: Any) -> bool:
    """Whether a key holds a secret; not a switch, an empty value or a variable's name."""
    if not SECRET.search(str(name)) or value is None or isinstance(value, bool):
        return False
    return value not in ("", "???", [], {}) and not (
        isinstance(value, str) and ENVIRONMENT.fullmatch(value)
    )


def _hidden_word(word: str) -> str:
    typed, equals, value = word.partition("=")
    key = typed.lstrip("+~").partition("@")[0].replace("/", ".")
    bare = value.strip("'\"")
    if not equals or bare in ("null", "true", "false"):
        return word
    if _is_secret(key.rpartition(".")[2], bare) or INLINE.search(value):
        return f"{typed}={_mark(key)}"
    return f"{typed}={cleared(LOGIN.sub(_mark(key), value))}"


def _part(mark: "re.Match[str]", given: Mapping[str, Any]) -> str:
    """What a mark within a text stands for: of an address, its login."""
    if mark[1] not in given:
        return mark[0]
    value = str(given[mark[1]])
    login = LOGIN.search(value) if mark.string[: mark.start()].endswith("://") else None
    return login[0] if login else value


def leaves(node: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a config with its dotted key; empty containers have none."""
    match node:
        case dict():
            for name, value in node.items():
                yield from leaves(value, f"{key}.{name}" if key else str(name))
        case list():
            for index, value in enumerate(node):
                yield from leaves(value, f"{key}.{index}")
        case _:
            yield key, node


@contextmanager
def _environment_named() -> Iterator[None]:
    """Let ``oc.env`` give its own text in place of a value, except variables of this package."""

    def named(name: str, *default: Any) -> Any:
        if name.startswith(OURS):
            return oc.env(name, *default)
        return "".join(("${oc.env:", name, *(f",{value}" for value in default), "}"))

    OmegaConf.register_new_resolver("oc.env", named, replace=True)
    try:
        yield
    finally:
        OmegaConf.register_new_resolver("oc.env", oc.env, replace=True)
