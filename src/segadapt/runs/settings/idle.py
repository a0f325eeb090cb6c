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
    _check_section(config, "inference", "window", "[ROWS,COLUMNS]", OF_WINDOWS)
    _check_section(config, "init", "run", "RUN", OF_ORIGIN)
    beta, rule = value_at(config, "loss.effective_beta"), value_at(config, "loss.class_weight")
    if beta is not None and rule != "effective":
        raise ValueError(
            f"loss.effective_beta={beta} has no effect, because loss.class_weight={rule}; set "
            "loss.class_weight=effective, or remove it"
        )


def _check_section(
    config: Mapping[str, Any], section: str, key: str, value: str, neutral: Mapping[str, Any]
) -> None:
    """Check settings that are only read if the first key of their section has a value."""
    settings = config.get(section) or {}
    if settings.get(key, value) is not None:
        return
    for name, nothing in neutral.items():
        if settings.get(name, nothing) != nothing:
            raise ValueError(
                f"{section}.{name}={shown(name, settings[name])} has no effect, because "
                f"{section}.{key}=null; set {section}.{key}={value}, or remove it"
            )
