"""What the config of a run folder may have built, and where that may write, before any of it does.

A config names functions with ``_target_``, and Hydra calls them: a run folder from somebody else is
a program. Here only a listed part of that is allowed, compared after the name has been resolved,
because one function has many names. What writes files may write them into the run folder alone.
Nothing is resolved before it has been looked at, and no resolver runs afterwards: a value that was
taken from the environment stays a name.
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
"""Looks at the unresolved config of a run folder, and gives the one that may be used."""

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
"""Modules, with all below them, whose own classes and functions may be built."""

OBJECTS = (
    "datetime.timedelta",
    "lightning.pytorch.strategies.ddp.DDPStrategy",
    "lightning.pytorch.trainer.trainer.Trainer",
    "timm.layers.norm.LayerNorm2d",
)
"""Single classes in addition."""

SHORT = (
    "lightning.Trainer",
    "lightning.pytorch.loggers.CSVLogger",
    "lightning.pytorch.loggers.TensorBoardLogger",
    "lightning.pytorch.strategies.DDPStrategy",
    "timm.layers.LayerNorm2d",
    "torch.nn.",
)
"""Beginnings under which those are usually written; they are looked up, then compared."""

FUNCTIONS = (
    "segadapt.data.",
    "segadapt.training.callbacks.",
    "segadapt.training.loggers.wandb_tracker.",
)
"""Below these, classes may be built, but functions may not be called: some write files."""

WRITERS = (
    "lightning.pytorch.callbacks.batch_size_finder.",
    "lightning.pytorch.callbacks.lr_finder.",
    "lightning.pytorch.callbacks.model_checkpoint.",
    "lightning.pytorch.callbacks.on_exception_checkpoint.",
    "lightning.pytorch.callbacks.spike.",
)
"""Modules whose classes write where nobody asked them to; checkpoints are ours to write."""

REMOTE: Final = re.compile(r"(?i)\b(hf[-_]hub|local-dir):")
"""How timm is told to build what somebody else describes."""

KEYS = ("_target_", "_args_", "_partial_", "_recursive_", "_convert_")
"""Hydra's own keys that mean no more than they say, or hold values that are looked at too."""


def check(cfg: DictConfig) -> DictConfig:
    """Look at everything that a config would build; nothing is built, but modules are imported.

    Args:
        cfg: Unresolved config of a run folder, which holds plain values.

    Returns:
        The config, without interpolations.

    Raises:
        ValueError: If it names anything that is not on the list, or a place outside of the folder.
    """
    checked = check_names(cfg)
    for key, value in _values(OmegaConf.to_container(checked, resolve=False), ""):
        if key.rpartition(".")[2] == "_target_":
            _check_target(key, value)
    return checked


def check_names(cfg: DictConfig) -> DictConfig:
    """Look at a config from which nothing is built; what it names is not even imported.

    Args:
        cfg: Unresolved config of a run folder.

    Returns:
        The config, without interpolations: ``${oc.env:NAME}`` is ``$NAME``, a text.

    Raises:
        ValueError: As :func:`check`, as far as names tell.
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
    """Take a config as it is, because its user says so: it may build and resolve anything."""
    return cfg


def _check_name(key: str, target: Any) -> None:
    if not isinstance(target, str) or not all(part.isidentifier() for part in target.split(".")):
        refuse(key, target, "this is not a valid name")
    known = tuple(f"{module}." for module in MODULES) + SHORT + OBJECTS
    top = ("albumentations.", "segmentation_models_pytorch.")
    if not target.startswith(known + top):  # what is unknown is not even imported
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
    """A config in which no resolver runs, because it has no interpolation."""
    match node:
        case dict():
            return {key: _inert(value) for key, value in node.items()}
        case list():
            return [_inert(value) for value in node]
        case str():
            return _without_environment(node)
    return node


def _without_environment(text: str) -> str:
    """A text with ``$NAME`` for what would come from the environment, also within another."""
    while (shorter := ENVIRONMENT.sub(r"$\1", text)) != text:
        text = shorter
    return text


def _resolved(key: str, target: str) -> Any:
    """What a name means: the longest part that is a module, and attributes from there."""
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
    if parts[0] == "segadapt":  # trust is not what is missing
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
