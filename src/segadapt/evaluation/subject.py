"""Which data a training is measured on."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from segadapt.runs.config import at


def measured_data(trained: DictConfig, split: str, root: str | None) -> DictConfig:
    """The data of a training, with another split or in another place.

    Args:
        trained: ``data`` of the training's config.
        split: Part to measure.
        root: Folder of the data set now, or None where it has not moved.

    Raises:
        ValueError: If the data set has no such part, or no folder.
    """
    data: Any = OmegaConf.to_container(trained)
    if not isinstance(at(data, "module.val"), dict) or "name" not in data:
        raise ValueError("the run's config.yaml has no data.name or no data.module.val")
    if root is not None:
        if "root" not in data:
            raise ValueError(f"data set {data['name']} has no folder; leave data.root out")
        data = _moved(data, data["root"], root)
    if split != "val":
        if "split" not in data["module"]["val"]:
            raise ValueError(f"data set {data['name']} has no split {split!r}, only val")
        data["module"]["val"]["split"] = split
    return OmegaConf.create(data)


def _moved(node: Any, old: str, new: str) -> Any:
    """A config in which the paths below ``old`` are below ``new``."""
    match node:
        case dict():
            return {key: _moved(value, old, new) for key, value in node.items()}
        case list():
            return [_moved(value, old, new) for value in node]
        case str() if node == old or node.startswith(f"{old}/"):
            return new + node[len(old) :]
    return node
