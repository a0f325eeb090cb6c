"""Single numbers for rows and columns, which mean a square."""

from typing import Any, Final

from omegaconf import AnyNode, DictConfig, OmegaConf, open_dict, read_write

SQUARES: Final = (
    "data.crop",
    "inference.stride",
    "inference.window",
    "data.module.train.transform.crop",
)
"""Keys of rows and columns for which one number can only mean a square."""


def square(cfg: DictConfig) -> None:
    """Replace single numbers by pairs, in place.

    Args:
        cfg: Composed config.
    """
    for key in SQUARES:
        group, _, name = key.rpartition(".")
        node = _node(cfg, group)
        value = None if node is None else node._get_node(name, validate_access=False)
        if isinstance(value, AnyNode) and type(value._value()) is int:
            with read_write(cfg), open_dict(cfg):
                OmegaConf.update(cfg, key, [value._value()] * 2)


def _node(cfg: DictConfig, key: str) -> DictConfig | None:
    """A node of the config that is not an interpolation."""
    node: Any = cfg
    for part in key.split("."):
        node = node._get_node(part, validate_access=False) if OmegaConf.is_dict(node) else None
        if node is None or node._is_none() or node._is_missing() or node._is_interpolation():
            return None
    return node if OmegaConf.is_dict(node) else None
