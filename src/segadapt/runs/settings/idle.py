"""Settings that have no effect beside others."""

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
"""Settings of windows, with the value of each that says nothing."""


def check_idle(config: Mapping[str, Any]) -> None:
    """Look for settings that somebody has changed, but that nothing reads.

    Args:
        config: Of a training, resolved.

    Raises:
        ValueError: If there are such.
    """
    seen = config["inference"]
    if "window" in seen and seen["window"] is None:
        for name, nothing in OF_WINDOWS.items():
            if seen.get(name, nothing) != nothing:
                raise ValueError(
                    f"inference.{name}={shown(name, seen[name])} has no effect, because "
                    "inference.window=null; set inference.window=[ROWS,COLUMNS], or remove it"
                )
    beta, rule = value_at(config, "loss.effective_beta"), value_at(config, "loss.class_weight")
    if beta is not None and rule != "effective":
        raise ValueError(
            f"loss.effective_beta={beta} has no effect, because loss.class_weight={rule}; set "
            "loss.class_weight=effective, or remove it"
        )
