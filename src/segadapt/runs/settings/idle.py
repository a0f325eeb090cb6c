"""Settings without effect because of other settings."""

from collections.abc import Mapping
from typing import Any, Final

from segadapt.runs.config import value_at
from segadapt.runs.settings.check import shown

OF_WINDOWS: Final[Mapping[str, Any]] = {
    "stride": None,
    "softmax": False,
    "blend": "uniform",
    "context": "window",
}
"""Settings of windows, with the neutral value of each."""

OF_ORIGIN: Final[Mapping[str, Any]] = {"checkpoint": "last", "classifier": "keep"}
"""Settings of the training whose weights are loaded, with the neutral value of each."""


def check_idle(config: Mapping[str, Any]) -> None:
    """Check a config for settings that were changed, but have no effect.

    Args:
        config: Resolved config of a training.

    Raises:
        ValueError: If there is such a setting.
    """
    seen = config["inference"]
    if "window" in seen and seen["window"] is None:
        for name, nothing in OF_WINDOWS.items():
            if seen.get(name, nothing) != nothing:
                raise ValueError(
                    f"inference.{name}={shown(name, seen[name])} has no effect, because "
                    "inference.window=null; set inference.window=[ROWS,COLUMNS], or remove it"
                )
    origin = config.get("init") or {}
    if origin.get("run") is None:
        for name, nothing in OF_ORIGIN.items():
            if origin.get(name, nothing) != nothing:
                raise ValueError(
                    f"init.{name}={shown(name, origin[name])} has no effect, because "
                    "init.run=null; set init.run=RUN, or remove it"
                )
    beta, rule = value_at(config, "loss.effective_beta"), value_at(config, "loss.class_weight")
    if beta is not None and rule != "effective":
        raise ValueError(
            f"loss.effective_beta={beta} has no effect, because loss.class_weight={rule}; set "
            "loss.class_weight=effective, or remove it"
        )
