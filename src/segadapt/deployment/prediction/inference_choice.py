"""Choice of an inference by the name of its config."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from segadapt.evaluation.inference.methods import Inference
from segadapt.runs.settings.check import CONF, check_values
from segadapt.text.choices import check_choice, unknown

FOLDER: Final = CONF / "inference"


def chosen_inference(name: str, settings: Mapping[str, Any], config: DictConfig) -> Inference:
    """The inference that ``inference=NAME inference.KEY=VALUE`` stands for.

    Args:
        name: A config of conf/inference: ``whole``, ``slide``, ``multiscale``, ...
        settings: Values for its keys.
        config: Config of the training, whose crop is the window unless another is given.

    Raises:
        ValueError: If there is no such way, it has no such key, or a value does not fit.
    """
    available = sorted(file.stem for file in FOLDER.glob("*.yaml"))
    check_choice("inference", name, available)
    node = _composed(name)
    keys = [key for key in node if not key.startswith("_")]
    if strange := [key for key in settings if key not in keys]:
        raise ValueError(unknown("setting", strange[0], keys, f"of inference={name}"))
    crop = OmegaConf.select(config, "data.crop")
    given = {key: _plain(key, value) for key, value in settings.items()}
    filled = OmegaConf.create({"data": {"crop": crop}, "inference": {**node, **given}})
    plain: Any = OmegaConf.to_container(filled.inference, resolve=True)
    check_values({"inference": plain})
    if name.startswith("slide") and plain["window"] is None:
        raise ValueError("inference=slide needs a window; give inference.window=[ROWS,COLUMNS]")
    return instantiate(plain)


def _plain(key: str, value: Any) -> Any:
    """A setting as configs have it: sequences and arrays become lists.

    Raises:
        ValueError: If no config can hold it.
    """
    if isinstance(value, np.ndarray | np.generic | Tensor):
        return value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(key, part) for part in value]
    if value is None or isinstance(value, str | int | float | Mapping):
        return value
    raise ValueError(
        f"inference.{key}={value!r} is not a setting; pass a number, a word, or a list of these"
    )


def _composed(name: str) -> dict[str, Any]:
    """A config of the group, merged with its defaults."""
    own: Any = OmegaConf.to_container(OmegaConf.load(FOLDER / f"{name}.yaml"))
    bases = [base for base in own.pop("defaults", []) if base != "_self_"]
    merged: dict[str, Any] = {}
    for base in bases:
        merged |= _composed(base)
    return merged | own
