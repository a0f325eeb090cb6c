"""Redaction of secrets in run folders, on the terminal and in trackers.

A config is stored with ``<hidden KEY>`` in place of passwords and the like, also within values
derived from them, and with ``${oc.env:NAME}`` in place of environment variables. Texts that may
quote a value, such as error messages, are cleared of all secrets that this process knows.
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
"""Last parts of keys whose values are secret."""

FOLDERS: Final = ("PWD",)
"""Variables that hold the current folder in every shell, although their names look secret."""

LOGIN: Final = re.compile(r"(?<=://)[^/\s]+(?=@)")
"""User and password in a URL."""

ENVIRONMENT: Final = re.compile(
    r"\$\{oc\.env:\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:,(?:[^${}]|\$(?!\{))*)?\}"
)
"""Interpolation that OmegaConf replaces by an environment variable."""

OURS: Final = "SEGADAPT_"
"""Variables of this package, which hold paths and switches: stored with their values."""

MARK: Final = re.compile(r"<hidden ([^<>\s]+)>")

SHORTEST: Final = 4
"""Least length of a secret that is searched for in texts; shorter ones occur in any text."""

INLINE: Final = re.compile(SECRET.pattern.replace("(^|_)", r"(\b|_)").replace("$", r"['\"]?\s*:"))
"""The same keys within a mapping that was typed as the value of another key."""

_known: set[str] = set()
"""Secrets that this process knows, to be removed from texts."""


def stored(cfg: DictConfig) -> dict[str, Any]:
    """A config that may be stored: plain values without secrets and environment variables.

    Args:
        cfg: Composed config, whose interpolations show how values derive from each other.
    """
    hidden = OmegaConf.create(hide(OmegaConf.to_container(cfg, resolve=False)))
    with _environment_named():
        plain = OmegaConf.to_container(hidden, resolve=True, throw_on_missing=True)
    return hide(plain)  # once more, because a URL may have been composed


def hide(node: Any, key: str = "") -> Any:
    """A config with placeholders in place of secrets."""
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
    """Keys whose values are not stored in a config, in its order."""
    texts = (value for _, value in leaves(node) if isinstance(value, str))
    return list(dict.fromkeys(key for text in texts for key in MARK.findall(text)))


def variables(node: Any) -> dict[str, str]:
    """Environment variables from which a config takes values, each with such a key."""
    keys: dict[str, str] = {}
    for key, value in leaves(node):
        for name in ENVIRONMENT.findall(value) if isinstance(value, str) else ():
            keys.setdefault(name, key)
    return keys


def filled(node: Any, given: Mapping[str, Any], environment: Mapping[str, str]) -> Any:
    """A config in which placeholders are replaced by the given values.

    Args:
        node: Config with placeholders.
        given: Values by the keys that the placeholders name.
        environment: Environment variables that may be inserted.
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
    """Remember the secrets of a resolved config, so that no text of this process quotes them."""
    for key, value in leaves(config):
        text = str(value)
        if any(_is_secret(part, value) for part in key.split(".")):
            _know(text)
        for login in LOGIN.findall(text):
            _know(login, login.partition(":")[2])


def cleared(text: str) -> str:
    """Text from which all known secrets are removed."""
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
    """Whether a key holds a secret, rather than a switch, an empty value or a variable's name."""
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
    """The value for a placeholder within a text; for a URL, its user and password."""
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
    """Let ``oc.env`` return its own text instead of a value, except for our variables."""

    def named(name: str, *default: Any) -> Any:
        if name.startswith(OURS):
            return oc.env(name, *default)
        return "".join(("${oc.env:", name, *(f",{value}" for value in default), "}"))

    OmegaConf.register_new_resolver("oc.env", named, replace=True)
    try:
        yield
    finally:
        OmegaConf.register_new_resolver("oc.env", oc.env, replace=True)
