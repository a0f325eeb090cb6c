"""Resolved configs as plain values: comparing them, and moving their paths."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf

Config = dict[str, Any]
"""A resolved config: dicts, lists, strings, numbers, None."""

FREE = (
    "callbacks",
    "checkpoint_every",
    "data.allow",
    "data.allow_empty_classes",
    "data.module.allow",
    "data.module.allow_empty_classes",
    "data.module.num_workers",
    "data.num_workers",
    "data.smoke_test",
    "init.checkpoint",
    "init.run",
    "label",
    "logger",
    "loss.kernel",
    "paths",
    "published",
    "smaller_oracle_groups",
    "trainer.strategy.broadcast_buffers",
)
"""Keys that may change while a run is interrupted, because they do not affect its numbers
(``loss.kernel`` affects their rounding)."""


_CELL_LABELS = (
    "classifier",
    "classifier.like",
    *(f"loss.terms.{term}" for term in ("response", "semantic", "spatial")),
)

_SPLITS = ("train", "val")

_OF_FOLDERS = tuple(
    f"data.{key}" for key in ("image", "label", "list", "split", "range", "mean", "std")
)

LATER: Mapping[str, Any] = {
    "trainer.compile": None,
    "model.encoder.checkpointing": False,
    **{f"{part}.cell_label": "corner" for part in _CELL_LABELS},
    "classifier.coarse_gradient": True,
    "classifier.like.coarse_gradient": True,
    **dict.fromkeys(_OF_FOLDERS),
    **{
        f"data.module.{part}.{key}": None
        for part in _SPLITS
        for key in ("image", "label", "listed", "partition", "limits")
    },
    **{f"data.module.{part}.transform.{key}": None for part in _SPLITS for key in ("mean", "std")},
    **{f"data.{place}channels": 3 for place in ("", "module.train.", "module.val.")},
    **{f"data.{place}depth": 8 for place in ("", "module.train.", "module.val.")},
    "loss.class_weight": "none",
    "loss.effective_beta": None,
    "data.flip": 0.5,
    "data.module.train.transform.flip": 0.5,
    "data.rare": "none",
    "data.rare_threshold": 0.1,
}
"""Keys that earlier versions lack, with the value that reproduces the earlier behaviour."""


def resolved(cfg: DictConfig) -> Config:
    """A config without interpolations."""
    plain = OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def value_at(config: Mapping[str, Any], key: str, absent: Any = None) -> Any:
    """Value of a config under a dotted key ``a.b.c``, or ``absent``."""
    node: Any = config
    for part in key.split("."):
        if not isinstance(node, Mapping) or part not in node:
            return absent
        node = node[part]
    return node


def without_published_weights(cfg: DictConfig) -> DictConfig:
    """A config whose network starts from random weights, because they will be replaced."""
    plain = resolved(cfg)
    return OmegaConf.create({**plain, "model": _from_random(plain["model"])})


def _from_random(node: Any) -> Any:
    match node:
        case dict():
            random = {"pretrained": False, "weights": None}
            return {key: random.get(key, _from_random(value)) for key, value in node.items()}
        case list():
            return [_from_random(value) for value in node]
    return node


SEEDS = ("seed", "data.module.seed", "data.module.train.seed")
"""Keys that hold the seed of a run. Seeds of other things, such as drawn splits, are settings."""

DATA_FOLDER = "<data>"
"""Stands for the folder of the data set in configs that are compared."""


def without_location(config: Config) -> Config:
    """A config that does not depend on the folder in which its data set lies."""
    root = value_at(config, "data.root")
    if not isinstance(root, str):
        return config

    def relative(key: str, text: str) -> str:
        # other text, such as a name, may equal the folder by chance
        below = text.startswith(f"{root}/") or (key == "root" and text == root)
        return DATA_FOLDER + text[len(root) :] if below else text

    return {**config, "data": _with_texts(config["data"], relative)}


def config_digest(config: Config) -> str:
    """A digest of the values that decide a run's numbers.

    Checkpoints and searches store it. Some of earlier versions have ``init.run`` without the digest
    of its weights, which therefore must not change the result.
    """
    text = json.dumps(dict(_decisive(config, _starts(config))), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def differences(before: Config, now: Config) -> list[str]:
    """A phrase for each key through which two configs would give different numbers."""
    first, second = dict(decisive(before)), dict(decisive(now))
    keys = sorted(first.keys() | second.keys())
    return [
        f"{key} was {first.get(key, 'absent')}, now {second.get(key, 'absent')}"
        for key in keys
        if first.get(key, "absent") != second.get(key, "absent")
    ]


def with_paths_moved(node: Any, old: str, new: str) -> Any:
    """A config in which the paths below ``old`` are moved below ``new``."""

    def moved(_: str, text: str) -> str:
        return new + text[len(old) :] if text == old or text.startswith(f"{old}/") else text

    return _with_texts(node, moved)


def _with_texts(node: Any, change: Callable[[str, str], str], key: str = "") -> Any:
    """A node in which each text is replaced by a function of its last key and itself."""
    match node:
        case dict():
            return {name: _with_texts(value, change, name) for name, value in node.items()}
        case list():
            return [_with_texts(value, change, key) for value in node]
        case str():
            return change(key, node)
    return node


def is_free(key: str) -> bool:
    """Whether a key, or a node around it, has no effect on the numbers of a run."""
    return any(f"{key}.".startswith(f"{free}.") for free in FREE)


def decisive(config: Config) -> Iterator[tuple[str, Any]]:
    """Every value with its dotted key, except those of ``FREE``, ``LATER`` and an idle ``init``.

    Starting weights whose digest is unknown are told apart by their folder.
    """
    origin = value_at(config, "init.run")
    for key, value in _decisive(config, _starts(config) or origin is not None):
        unknown = key == "init.sha256" and value is None and origin is not None
        yield key, f"unknown, of {origin}" if unknown else value


def _starts(config: Config) -> bool:
    """Whether ``init`` states the digest of weights, or freezes a part."""
    return any(value_at(config, key) is not None for key in ("init.sha256", "init.freeze"))


def _decisive(config: Config, starts: bool) -> Iterator[tuple[str, Any]]:
    for key, value in _flat(config, ""):
        silent = (key.startswith("init.") and not starts) or (key in LATER and value == LATER[key])
        if not is_free(key) and not silent:
            yield key, value


def _flat(node: Any, key: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping) and node:
        for name, value in node.items():
            yield from _flat(value, f"{key}.{name}" if key else str(name))
    elif isinstance(node, list) and node:
        for index, value in enumerate(node):
            yield from _flat(value, f"{key}.{index}")
    else:
        yield key, node
