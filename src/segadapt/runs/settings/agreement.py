"""Settings that are valid on their own, but contradict each other."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from segadapt.runs.config import value_at
from segadapt.runs.settings.check import shown
from segadapt.runs.settings.idle import check_idle
from segadapt.runs.settings.notes import is_ours

Config = Mapping[str, Any]

DERIVED: Final[Mapping[str, str]] = {
    "data.module.batch_size": "data.batch_size",
    "data.module.num_classes": "data.num_classes",
    "data.module.num_workers": "data.num_workers",
    "data.module.seed": "seed",
    "data.module.steps": "data.steps",
    "data.module.train.num_classes": "data.num_classes",
    "data.module.val.num_classes": "data.num_classes",
    "model.auxiliary.num_classes": "data.num_classes",
    "model.decoder.num_classes": "data.num_classes",
    "trainer.max_steps": "data.steps",
}
"""Keys that repeat another one for a class that is built."""

MONITORED: Final = re.compile(r"val/(miou(_coarse|_oracle)?|accuracy|mean_accuracy|iou/.+)")
"""Metrics of a validation, of which larger values are better."""

HALF: Final = ("16-true", "bf16-true")
"""Precisions too coarse to distinguish correct compiled gradients from wrong ones."""


def check_agreement(config: Config, raw: Config) -> None:
    """Check a config for settings that contradict each other.

    Args:
        config: Resolved config of a training, whose values are valid on their own.
        raw: The same config with its interpolations.

    Raises:
        ValueError: If two settings contradict each other.
    """
    for look in (_derived, _monitor, _rate, _split, _windows, _compiled, _statistics, check_idle):
        look(config)
    _side(config, raw)


def _derived(config: Config) -> None:
    for key, source in DERIVED.items():
        value, wanted = value_at(config, key, absent=KeyError), value_at(config, source)
        if value is not KeyError and value != wanted:
            raise ValueError(
                f"{key}={shown(key, value)} contradicts {source}={shown(source, wanted)}, which it "
                f"follows; set {source} alone"
            )


def _statistics(config: Config) -> None:
    """Check the normalisation of images for which there are no published weights."""
    data = config["data"]
    plain = data.get("channels", 3) == 3 and data.get("depth", 8) == 8
    if plain and (data.get("mean") is not None or data.get("std") is not None):
        raise ValueError(
            "8-bit RGB images are normalised as the weights expect it; remove data.mean and "
            "data.std"
        )
    if plain or "depth" not in data:
        return
    for key in ("mean", "std"):
        if data.get(key) is None or len(data[key]) != data["channels"]:
            raise ValueError(
                f"data.channels={data['channels']} data.depth={data['depth']} needs a data.{key} "
                "with a number for each channel; check-data with statistics=true measures it"
            )


def _monitor(config: Config) -> None:
    if not MONITORED.fullmatch(config["monitor"]):
        raise ValueError(
            f"monitor={config['monitor']} is not measured by a validation; choose val/miou, "
            "val/accuracy, val/mean_accuracy, val/miou_coarse, val/miou_oracle or val/iou/CLASS"
        )


def _rate(config: Config) -> None:
    """Check that the learning rate does not rise after its warm-up."""
    rate, lowest = value_at(config, "optimizer.lr"), value_at(config, "schedule.min_lr")
    if rate is None or lowest is None or not is_ours(config):
        return
    if value_at(config, "schedule.power") == 0:  # a constant rate
        return
    factor, where = min(_factors(config))
    if rate * factor < lowest:
        slowed = f" times {factor:g} ({where})" if where else ""
        raise ValueError(
            f"optimizer.lr={rate:g}{slowed} is below schedule.min_lr={lowest:g}, so the learning "
            "rate would rise over the run; lower schedule.min_lr (0 ends at zero)"
        )


def _factors(config: Config) -> Iterator[tuple[float, str]]:
    """Learning rate factors of parameter groups, with their keys."""
    yield 1.0, ""
    for name, factors in (value_at(config, "optimizer.custom_keys") or {}).items():
        if "lr_mult" in factors:
            yield float(factors["lr_mult"]), f"optimizer.custom_keys.{name}.lr_mult"
    decay = value_at(config, "optimizer.layer_decay") or {}
    if "rate" in decay and "depth" in decay:
        yield decay["rate"] ** (decay["depth"] + 1), "optimizer.layer_decay, of the first layer"


def _split(config: Config) -> None:
    """Check that the batch can be split evenly over processes and parts."""
    trainer, batch = config["trainer"], config["data"]["batch_size"]
    devices = _devices(trainer["devices"])
    keys = {
        "trainer.devices": devices,
        "trainer.num_nodes": trainer.get("num_nodes", 1),
        "trainer.accumulate_grad_batches": trainer["accumulate_grad_batches"],
    }
    parts = math.prod(keys.values())
    if batch % parts:
        nearest = max(round(batch / parts), 1) * parts
        by = " and ".join(f"{key}={value}" for key, value in keys.items() if value > 1)
        raise ValueError(
            f"data.batch_size={batch} cannot be split evenly by {by}; the nearest batch size that "
            f"can is {nearest}"
        )


def _devices(value: Any) -> int:
    """Number of processes on a machine, if the config alone shows it."""
    match value:
        case list():
            return len(value)
        case str() if value.isdecimal():
            return int(value)
        case int() if value > 0:
            return value
    return 1


def _windows(config: Config) -> None:
    window, stride = (config["inference"].get(key) for key in ("window", "stride"))
    if window and stride and any(step > side for step, side in zip(stride, window, strict=True)):
        raise ValueError(
            f"inference.stride={stride} is larger than inference.window={window}: pixels between "
            "two windows would have no score; choose a stride of at most the window"
        )


def _compiled(config: Config) -> None:
    """Check the settings with which a training cannot be compiled."""
    trainer, mode = config["trainer"], value_at(config, "trainer.compile")
    if mode is None:
        return
    if (precision := trainer["precision"]) in HALF:
        raise ValueError(
            f"trainer.compile={mode} needs weights in float32, in which its gradients are compared "
            f"with uncompiled ones, and trainer.precision={precision} has none; set "
            f"trainer.precision={'bf16-mixed' if precision == 'bf16-true' else '16-mixed'}, or "
            "trainer.compile=null"
        )
    if trainer.get("detect_anomaly"):
        raise ValueError(
            f"trainer.detect_anomaly=true names operations, which trainer.compile={mode} fuses; "
            "set trainer.compile=null"
        )


def _side(config: Config, raw: Config) -> None:
    """Check that composed scenes are square."""
    crop = config["data"]["crop"]
    if value_at(raw, "data.module.train.size") == "${data.crop.0}" and crop[0] != crop[1]:
        raise ValueError(
            f"data.crop={crop}, but data={config['data']['name']} composes squares; set one number"
        )
