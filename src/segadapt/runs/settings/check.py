"""Checks of every value of a composed config, before any slow import."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from omegaconf import DictConfig, OmegaConf

from segadapt.runs.config import value_at
from segadapt.runs.redaction import SECRET, hide
from segadapt.runs.settings.declared import NEEDED, SWEEPERS, TABLES, TRAIN
from segadapt.runs.settings.kinds import Kind, fits, is_open
from segadapt.runs.settings.near import did_you_mean, keys, near, near_keys
from segadapt.runs.settings.signatures import signature
from segadapt.runs.settings.walk import HYDRA, Entry, entries, is_built, reason

CONF: Final = Path(__file__).resolve().parents[2] / "conf"

REFERENCE: Final = re.compile(r"\$\{(?:oc\.select:)?([\w.]+)[,}]")
"""Pattern of a key that an interpolation reads."""

SOURCE: Final = re.compile(r"\$\{([\w.]+)\}")
"""Pattern of an interpolation that consists of another key only."""

SHOWN: Final = 80
"""Number of characters of a value that a message repeats."""


def check_values(config: Mapping[str, Any]) -> None:
    """Check each value in the config of a training on its own.

    Args:
        config: The config; interpolations in it are not checked.

    Raises:
        ValueError: If a value has the wrong kind.
    """
    _check_values(list(entries(config, TRAIN)), config)


def check_training(config: Mapping[str, Any], raw: Mapping[str, Any]) -> None:
    """Check the config of a training.

    Args:
        config: Resolved config.
        raw: The same config with its interpolations.

    Raises:
        ValueError: If a key is missing or unused, or its value has the wrong kind.
    """
    for key in NEEDED:
        if value_at(config, key, absent=KeyError) is KeyError:
            raise ValueError(f"{key} is missing; {_way_in(key)}")
    listed = list(entries(config, TRAIN))
    _check_values(listed, raw)
    _check_complete(config)
    _check_read(listed, config, raw)


def check_command(config: Mapping[str, Any], command: str) -> None:
    """Check the config of another command.

    Args:
        config: Config with its interpolations, which may refer to the folder of a training.
        command: Name of the config.

    Raises:
        ValueError: If a key is missing or unused, or its value has the wrong kind.
    """
    table = TABLES[command]
    for key in sorted({key if "." not in key else key.partition(".")[0] for key in table}):
        if key not in config:
            raise ValueError(f"{key} is missing; {_way_in(key)}")
    listed = list(entries(config, table))
    _check_values(listed, config)
    if command != "resume":  # it accepts the secrets of any training
        _check_read(listed, config, config)


def check_sweeper(node: Mapping[str, Any]) -> None:
    """Check the settings of a sweep.

    Args:
        node: The node ``hydra.sweeper``, with its interpolations.

    Raises:
        ValueError: If a key is missing or unused, or its value has the wrong kind.
    """
    table = SWEEPERS[str(node["_target_"]).rpartition(".")[2]]
    config = {"hydra": {"sweeper": dict(node)}}
    for key in table:
        if value_at(config, key, absent=KeyError) is KeyError:
            raise ValueError(f"{key} is missing; {_way_in(key)}")
    listed = list(entries(config, table))
    _check_values(listed, config)
    _check_read(listed, config, config)


def unresolved(cfg: DictConfig) -> dict[str, Any]:
    """A config as plain values that keeps its interpolations."""
    plain = OmegaConf.to_container(cfg, resolve=False)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def refuse(key: str, value: Any, kind: Kind) -> ValueError:
    """The error about a value of the wrong kind."""
    advice = _options(key, value) if is_built(kind) else ""
    if key == "data.num_classes" and value is None:
        advice = "; remove it if it follows from the label table (data=folder)"
    if key == "data.num_classes" and value == 1:
        advice = "; for a single class, label everything else as a background class"
    return ValueError(f"{key}={shown(key, value)}; it must be {kind.takes(value)}{advice}")


def shown(key: str, value: Any) -> str:
    """A value as YAML, shortened and without secrets."""
    name = key.rpartition(".")[2]
    plain = hide({name: value})[name]
    text = yaml.safe_dump(plain, default_flow_style=True, width=10**6, allow_unicode=True)
    text = text.removesuffix("\n").removesuffix("...").strip()
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} ..."


def _check_values(listed: list[Entry], raw: Mapping[str, Any]) -> None:
    wrong = [
        entry for entry in listed if entry.kind is not None and not fits(entry.kind, entry.value)
    ]
    typed = [entry for entry in wrong if not is_open(value_at(raw, entry.key))]
    for key, value, kind in typed or wrong:
        assert kind is not None
        source = SOURCE.fullmatch(str(value_at(raw, key)))
        raise refuse(source[1] if source else key, value, kind)


def _check_complete(config: Mapping[str, Any]) -> None:
    """Check that all classes built from the config get their required arguments."""
    for key, node in _built(config, ""):
        taken = signature(node["_target_"])
        if taken is None or node.get("_partial_") or "_args_" in node:
            continue
        for name, parameter in taken.parameters.items():
            if parameter.required and name not in node:
                raise ValueError(f"{key}.{name} is missing; add it with +{key}.{name}=VALUE")


def _built(node: Any, key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    match node:
        case {"_target_": str()}:
            yield key, node
    for name, child in _children(node):
        yield from _built(child, f"{key}.{name}" if key else str(name))


def _children(node: Any) -> Iterable[tuple[Any, Any]]:
    match node:
        case dict():
            return node.items()
        case list():
            return enumerate(node)
    return ()


def _check_read(listed: list[Entry], config: Mapping[str, Any], raw: Mapping[str, Any]) -> None:
    read = set(_references(raw))
    available = [key for key in keys(config) if key.rpartition(".")[2] not in HYDRA]
    unread = [key for key, _, kind in listed if kind is None and not _is_secret(key, config)]
    for key in unread:
        if not any(f"{name}.".startswith(f"{key}.") for name in read):
            if (why := reason(key)) is not None:
                raise ValueError(f"{key} has no effect: {why}")
            known = [name for name in available if name not in unread]
            raise ValueError(
                f"Nothing reads {key}; remove it.{did_you_mean(near_keys(key, known))}"
            )


def _is_secret(key: str, config: Mapping[str, Any]) -> bool:
    """Whether a key is a secret added by the user, which the run folder does not store."""
    group, _, name = key.rpartition(".")
    built = value_at(config, f"{group}._target_") is not None
    return not built and SECRET.search(name) is not None


def _references(node: Any) -> Iterator[str]:
    match node:
        case str():
            yield from REFERENCE.findall(node)
        case dict():
            for child in node.values():
                yield from _references(child)
        case list():
            for child in node:
                yield from _references(child)


def _way_in(key: str) -> str:
    folder = CONF / key.replace(".", "/")
    if folder.is_dir():
        return f"choose with {key.replace('.', '/')}=NAME"
    return f"give {key}=VALUE"


def _options(key: str, value: Any) -> str:
    """Advice to choose an option, if the key is a config group."""
    group = key.replace(".", "/")
    names = sorted(file.stem for file in (CONF / group).glob("*.yaml"))
    if not names:
        return ""
    close = near(str(value), names, 3)
    return f"; choose one with {group}=NAME" + (f", such as {' or '.join(close)}" if close else "")
