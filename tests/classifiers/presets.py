"""The hyper-parameters that ship in conf/classifier, read without composing a whole config."""

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

FOLDER = Path(__file__).parents[2] / "conf" / "classifier"


def preset(name: str) -> dict[str, Any]:
    """Constructor arguments of a preset, what it inherits included."""
    config = OmegaConf.to_container(OmegaConf.load(FOLDER / f"{name}.yaml"))
    inherited: dict[str, Any] = {}
    for parent in config.pop("defaults"):
        if isinstance(parent, str) and parent != "_self_":
            inherited |= preset(parent)
    config.pop("_target_", None)
    config.pop("_partial_", None)
    return inherited | config
