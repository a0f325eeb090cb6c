"""Check that this version of segadapt can build the parts of a stored config."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from segadapt.runs.config import resolved, value_at
from segadapt.runs.file_names import ENVIRONMENT
from segadapt.runs.settings.signatures import signature
from segadapt.runs.settings.walk import HYDRA, TARGET
from segadapt.text.bounded import MIB, read_object

NETWORK = ("model", "classifier", "inference")
"""Parts that are built for every use of a trained network."""

COUNTED = ("model", "classifier", "loss")
"""Parts of a network whose weights do not matter."""

MEASURED = (*NETWORK, "loss", "data.module.val")
"""Parts that an evaluation builds; the loss decides whether the network has a teacher."""


def check_parts(
    cfg: DictConfig, place: Path, parts: Sequence[str] = NETWORK, values: Sequence[str] = ()
) -> None:
    """Check the parts of a stored config before any of them is built.

    Args:
        cfg: Config of a run or a bundle, which another version may have written.
        place: Its file, for error messages.
        parts: Keys of nodes that are built.
        values: Other keys that are read.

    Raises:
        ValueError: If a part is missing, or its class does not accept its arguments.
    """
    config = resolved(cfg)
    for key in (*parts, *values):
        if value_at(config, key) is None:
            raise _refusal(place, f"lacks {key}")
    for key in parts:
        node = value_at(config, key)
        if not isinstance(node, dict) or TARGET not in node:
            raise _refusal(place, f"names nothing to build under {key}")
        for name, built in _built(node, key):
            _check_arguments(name, built, place)


def training_parts(cfg: DictConfig) -> list[str]:
    """Keys of the parts that a training builds, if the config names their classes."""
    callbacks = [f"callbacks.{name}" for name in cfg.get("callbacks") or {}]
    parts = [*NETWORK, "loss", "optimizer", "schedule", "data.module", *callbacks]
    return [key for key in parts if OmegaConf.select(cfg, f"{key}.{TARGET}") is not None]


def _check_arguments(key: str, node: Mapping[str, Any], place: Path) -> None:
    """Compare the arguments of a node with the signature of its class or function."""
    taken = signature(str(node[TARGET]))
    if taken is None:  # the import reports a name that does not exist
        return
    given = [str(name) for name in node if name not in HYDRA]
    unknown = [name for name in given if name not in taken.parameters]
    if unknown and not taken.open:
        kind = str(node[TARGET]).rpartition(".")[2]
        raise _refusal(place, f"has {key}.{unknown[0]}, which {kind} does not take")
    if node.get("_partial_") or "_args_" in node:  # the caller passes the others
        return
    for name, parameter in taken.parameters.items():
        if parameter.required and name not in given:
            raise _refusal(place, f"lacks {key}.{name}")


def _refusal(place: Path, what: str) -> ValueError:
    """The error for a file of another version."""
    writer = _writer(place.parent)
    known = f", segadapt {writer}" if writer else ""
    return ValueError(
        f"{place} {what}; this is segadapt {version('segadapt')}: install the version that wrote "
        f"the file{known}"
    )


def _writer(folder: Path) -> str | None:
    """The version that wrote a run folder, if it is known and differs from this one."""
    file = folder / ENVIRONMENT
    stated = read_object(file, MIB).get("segadapt") if file.is_file() else None
    return stated if isinstance(stated, str) and stated != version("segadapt") else None


def _built(node: Any, key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """All nodes that Hydra builds, with their keys."""
    match node:
        case {"_target_": str()}:
            yield key, node
    children: Any = node.items() if isinstance(node, dict) else enumerate(node)
    for name, child in children:
        if isinstance(child, dict | list):
            yield from _built(child, f"{key}.{name}")
