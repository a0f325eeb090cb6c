"""The allow-list of classes and places that the config of a run folder may name.

A config names functions with ``_target_``, and Hydra calls them, so a run folder from another
person is a program. Only listed classes and functions are allowed. They are compared after the name
has been resolved, because one function has many names. Classes that write files may write only into
the run folder. Nothing is resolved before it has been checked, and no resolver runs afterwards: a
reference to an environment variable stays a name.
"""

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from functools import reduce
from importlib.metadata import version
from typing import Any, Final

from omegaconf import DictConfig, OmegaConf

from segadapt.runs.redaction import ENVIRONMENT
from segadapt.runs.written_places import check_places, refuse, run_folder

Check = Callable[[DictConfig], DictConfig]
"""A function that checks the unresolved config of a run folder, and returns the one to use."""

MODULES = (
    "segadapt.classifiers",
    "segadapt.data",
    "segadapt.evaluation.inference",
    "segadapt.losses",
    "segadapt.models",
    "segadapt.training.callbacks",
    "segadapt.training.loggers",
    "segadapt.training.optim",
    "albumentations.augmentations",
    "albumentations.core.composition",
    "lightning.pytorch.callbacks",
    "lightning.pytorch.loggers.csv_logs",
    "lightning.pytorch.loggers.tensorboard",
    "segmentation_models_pytorch.losses",
    "torch.nn.modules",
    "torch.optim",
)
"""Modules, including their submodules, whose own classes and functions may be built."""

OBJECTS = (
    "datetime.timedelta",
    "lightning.pytorch.strategies.ddp.DDPStrategy",
    "lightning.pytorch.trainer.trainer.Trainer",
    "timm.layers.norm.LayerNorm2d",
)
"""Further classes that may be built."""

SHORT = (
    "lightning.Trainer",
    "lightning.pytorch.loggers.CSVLogger",
    "lightning.pytorch.loggers.TensorBoardLogger",
    "lightning.pytorch.strategies.DDPStrategy",
    "timm.layers.LayerNorm2d",
    "torch.nn.",
)
"""Prefixes under which these are usually named; such names are resolved, then compared."""

FUNCTIONS = (
    "segadapt.data.",
    "segadapt.training.callbacks.",
    "segadapt.training.loggers.wandb_tracker.",
)
"""Modules whose classes may be built, but whose functions may not be called: some write files."""

WRITERS = (
    "lightning.pytorch.callbacks.batch_size_finder.",
    "lightning.pytorch.callbacks.lr_finder.",
    "lightning.pytorch.callbacks.model_checkpoint.",
    "lightning.pytorch.callbacks.on_exception_checkpoint.",
    "lightning.pytorch.callbacks.spike.",
)
"""Modules whose classes write files elsewhere; segadapt writes checkpoints itself."""

REMOTE: Final = re.compile(r"(?i)\b(hf[-_]hub|local-dir):")
"""Prefixes by which timm builds networks that others define."""

KEYS = ("_target_", "_args_", "_partial_", "_recursive_", "_convert_")
"""Keys of Hydra that are harmless, or hold values that are checked as well."""


def check(cfg: DictConfig) -> DictConfig:
    """Check everything that a config would build; modules are imported, but nothing is built.

    Args:
        cfg: Unresolved config of a run folder, which holds plain values.

    Returns:
        The config, without interpolations.

    Raises:
        ValueError: If it names anything that is not on the list, or a path outside of the folder.
    """
    checked = check_names(cfg)
    for key, value in _values(OmegaConf.to_container(checked, resolve=False), ""):
        if key.rpartition(".")[2] == "_target_":
            _check_target(key, value)
    return checked


def check_names(cfg: DictConfig) -> DictConfig:
    """Check a config from which nothing is built, without importing what it names.

    Args:
        cfg: Unresolved config of a run folder.

    Returns:
        The config, without interpolations: ``${oc.env:NAME}`` is ``$NAME``, a text.

    Raises:
        ValueError: As :func:`check`, judged by names only.
    """
    plain = OmegaConf.to_container(cfg, resolve=False)
    assert isinstance(plain, dict)
    for key, value in _values(plain, ""):
        name = key.rpartition(".")[2]
        if name == "_target_":
            _check_name(key, value)
        elif name.startswith("_") and name.endswith("_") and name not in KEYS:
            refuse(key, value, f"{name} can hide what is called")
        elif isinstance(value, str) and "${" in _without_environment(value):
            refuse(key, value, "a resolved config has no interpolations")
        elif isinstance(value, str) and REMOTE.search(value):
            refuse(key, value, "this names a network that is defined on a remote hub")
    check_places(plain, "", run_folder(plain))
    return OmegaConf.create(_inert(plain))


def trusting(cfg: DictConfig) -> DictConfig:
    """Accept a config unchecked, because the user trusts it: it may build and resolve anything."""
    return cfg


def _check_name(key: str, target: Any) -> None:
    if not isinstance(target, str) or not all(part.isidentifier() for part in target.split(".")):
        refuse(key, target, "this is not a valid name")
    known = tuple(f"{module}." for module in MODULES) + SHORT + OBJECTS
    top = ("albumentations.", "segmentation_models_pytorch.")
    if not target.startswith(known + top):  # unknown modules are not even imported
        refuse(key, target, "this is not on the allow-list")


def _check_target(key: str, target: str) -> None:
    built = _resolved(key, target)
    if not (inspect.isclass(built) or inspect.isfunction(built)):
        refuse(key, target, "this is neither a class nor a function")
    place = f"{built.__module__}.{built.__qualname__}"
    if "." in built.__qualname__:
        refuse(key, target, f"this is {place}, a part of a class")
    if place not in OBJECTS and not place.startswith(tuple(f"{name}." for name in MODULES)):
        refuse(key, target, f"this is {place}, which is not on the allow-list")
    if place.startswith(WRITERS):
        refuse(key, target, f"this is {place}, which may write outside of the run folder")
    if inspect.isfunction(built) and place.startswith(FUNCTIONS):
        refuse(key, target, "this is a function, where only classes are allowed")


def _inert(node: Any) -> Any:
    """A config without interpolations, in which no resolver can run."""
    match node:
        case dict():
            return {key: _inert(value) for key, value in node.items()}
        case list():
            return [_inert(value) for value in node]
        case str():
            return _without_environment(node)
    return node


def _without_environment(text: str) -> str:
    """Text with ``$NAME`` in place of environment variables, also within other interpolations."""
    while (shorter := ENVIRONMENT.sub(r"$\1", text)) != text:
        text = shorter
    return text


def _resolved(key: str, target: str) -> Any:
    """The object behind a name: its longest prefix that is a module, then attributes."""
    parts = target.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        try:
            return reduce(getattr, parts[length:], module)
        except AttributeError:
            break
    if parts[0] == "segadapt":  # not a question of trust
        raise ValueError(
            f"{key}={target} does not exist; this is segadapt {version('segadapt')}: install the "
            "version that wrote the config"
        )
    return refuse(key, target, "it does not exist")


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
