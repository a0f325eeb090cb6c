"""What the config of a run folder may have built, before anything of it is.

A config names functions with ``_target_``, and Hydra calls them: a run folder from somebody else is
a program. Here only a listed part of that is allowed, compared after the name has been resolved,
because one function has many names.
"""

import importlib
import inspect
from collections.abc import Iterator
from functools import reduce
from typing import Any

from omegaconf import DictConfig, OmegaConf

MODULES = (
    "segadapt.callbacks",
    "segadapt.classifiers",
    "segadapt.data",
    "segadapt.inference",
    "segadapt.losses",
    "segadapt.models",
    "segadapt.optim",
    "segadapt.tracking",
    "albumentations.augmentations",
    "albumentations.core.composition",
    "lightning.pytorch.callbacks",
    "lightning.pytorch.loggers",
    "segmentation_models_pytorch.losses",
    "torch.nn.modules",
    "torch.optim",
)
"""Modules, with all below them, whose own classes and functions may be built."""

OBJECTS = (
    "datetime.timedelta",
    "lightning.pytorch.strategies.ddp.DDPStrategy",
    "lightning.pytorch.trainer.trainer.Trainer",
)
"""Single classes besides."""

SHORT = ("lightning.Trainer", "lightning.pytorch.strategies.DDPStrategy", "torch.nn.")
"""Beginnings under which those are usually written; they are looked up, then compared."""

KEYS = ("_target_", "_args_", "_partial_", "_recursive_", "_convert_")
"""Hydra's own keys that mean no more than they say, or hold values that are looked at too."""


def check(cfg: DictConfig) -> None:
    """Look at everything that a config would build; nothing is built.

    Args:
        cfg: Config of a run folder, which holds plain values.

    Raises:
        ValueError: If it names anything that is not on the list.
    """
    for key, value in _values(OmegaConf.to_container(cfg, resolve=False), ""):
        name = key.rpartition(".")[2]
        if name == "_target_":
            _check_target(key, value)
        elif name.startswith("_") and name.endswith("_") and name not in KEYS:
            _refuse(key, value, f"{name} can hide what is called")
        elif isinstance(value, str) and "${" in value:
            _refuse(key, value, "a resolved config has no interpolations")


def _check_target(key: str, target: Any) -> None:
    if not isinstance(target, str) or not all(part.isidentifier() for part in target.split(".")):
        _refuse(key, target, "this is no name")
    known = tuple(f"{module}." for module in MODULES) + SHORT + OBJECTS
    top = ("albumentations.", "segmentation_models_pytorch.")
    if not target.startswith(known + top):  # what is unknown is not even imported
        _refuse(key, target, "this is not on the list of what runs are built from")
    found = _resolved(key, target)
    if not (inspect.isclass(found) or inspect.isfunction(found)):
        _refuse(key, target, "this is neither a class nor a function")
    place = f"{found.__module__}.{found.__qualname__}"
    if "." in found.__qualname__:
        _refuse(key, target, f"this is {place}, a part of a class")
    if place not in OBJECTS and not place.startswith(tuple(f"{name}." for name in MODULES)):
        _refuse(key, target, f"this is {place}, which is not on the list")


def _resolved(key: str, target: str) -> Any:
    """What a name means: the longest part that is a module, and attributes from there."""
    parts = target.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        try:
            return reduce(getattr, parts[length:], module)
        except AttributeError:
            break
    return _refuse(key, target, "there is no such thing")


def _values(node: Any, key: str) -> Iterator[tuple[str, Any]]:
    match node:
        case dict():
            for name, child in node.items():
                path = f"{key}.{name}" if key else str(name)
                if str(name).startswith("_"):
                    yield path, child
                yield from _values(child, path)
        case list():
            for index, child in enumerate(node):
                yield from _values(child, f"{key}.{index}")
        case _:
            yield key, node


def _refuse(key: str, value: Any, reason: str) -> Any:
    raise ValueError(
        f"the run's config is not trusted: {key}={value}: {reason}. If you know where it comes "
        "from, allow it with trust_config=true"
    )
