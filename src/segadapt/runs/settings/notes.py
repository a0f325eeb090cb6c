"""Settings that are allowed but rarely intended."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from segadapt.functional.rates import poly, warm_up
from segadapt.runs.config import value_at

Config = Mapping[str, Any]

LOW: Final = 0.5
"""Fraction of ``optimizer.lr`` that the rate of a sensible run reaches."""

POINTS: Final = 1000
"""Number of steps at which the learning rate is evaluated."""


def notes(config: Config) -> list[str]:
    """Sentences about settings that are allowed but rarely intended.

    Args:
        config: Resolved config of a training.
    """
    looks: tuple[Callable[[Config], Iterator[str]], ...] = (_warming, _ending, _validating)
    return [sentence for look in looks for sentence in look(config)]


def is_ours(config: Config) -> bool:
    """Whether the schedule is one of this package."""
    return str(value_at(config, "schedule._target_")).startswith(
        "segadapt.training.optim.schedules."
    )


def _warming(config: Config) -> Iterator[str]:
    """Warn if the learning rate never comes near the requested one."""
    rule, steps = config["schedule"], config["data"]["steps"]
    rate = value_at(config, "optimizer.lr")
    if rate is None or not is_ours(config) or config["data"].get("smoke_test"):
        return
    warmup = warm_up(
        rule.get("warmup", 0), steps, rule.get("reference_steps"), rule.get("longest_warmup")
    )
    shape = (
        rule.get("power", 1.0),
        rule.get("min_lr", 0.0),
        warmup,
        rule.get("warmup_ratio", 1e-6),
    )
    looked_at = range(0, steps, max(steps // POINTS, 1))
    highest = max(poly(step, rate, rule.get("steps", steps), *shape) for step in looked_at)
    if highest < LOW * rate:
        yield (
            f"the warm-up takes {warmup} steps and the run has {steps}, so the learning rate never "
            f"passes {highest:.2g}, {highest / rate:.1%} of optimizer.lr={rate:g}; "
            "set schedule.warmup, or schedule.longest_warmup=0.1 for a tenth of the run"
        )


def _ending(config: Config) -> Iterator[str]:
    total, steps = config["schedule"].get("steps"), config["data"]["steps"]
    if total is not None and is_ours(config) and total != steps:
        yield (
            f"schedule.steps={total} and data.steps={steps} differ, so the learning rate does not "
            "end where the run does"
        )


def _validating(config: Config) -> Iterator[str]:
    every, steps = config["data"]["eval_every"], config["data"]["steps"]
    if every > steps:
        yield f"data.eval_every={every} is beyond data.steps={steps}; only the end is validated"
