"""Training a run for more steps than planned, where its first steps would be the same."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from segadapt.runs.config import value_at
from segadapt.runs.overrides import quoted_override
from segadapt.text.invocation import command

POLY: Final = "segadapt.training.optim.schedules.Poly"

STEPS: Final = "data.steps"


def lengthened(config: Mapping[str, Any], steps: Any) -> dict[str, Any]:
    """The config of a run with more steps, provided that its first steps would have been the same.

    Args:
        config: Resolved config of the run.
        steps: Optimiser steps of the whole run, as typed.

    Raises:
        ValueError: If there are not more steps, or the schedule depends on their number.
    """
    parts: list[Any] = [config.get(part) for part in ("data", "schedule", "trainer")]
    whole = all(isinstance(part, Mapping) for part in parts)
    if (
        not whole
        or type(value_at(config, "data.steps")) is not int
        or value_at(config, "data.module") is None
    ):
        raise ValueError("the run's config lacks data.steps, data.module, schedule or trainer")
    data, schedule, trainer = parts
    if type(steps) is not int or steps <= data["steps"]:
        raise ValueError(
            f"data.steps={steps} does not lengthen a run of {data['steps']} steps; pass more"
        )
    if reason := dependence(schedule):
        raise ValueError(
            f"the run cannot be lengthened to data.steps={steps}: {reason}. Train a new run with "
            f"data.steps={steps}; a schedule that stays constant (schedule.power=0) can be "
            "lengthened later"
        )
    return {
        **config,
        "data": {**data, "steps": steps, "module": {**data["module"], "steps": steps}},
        "schedule": {**schedule, "steps": steps},
        "trainer": {**trainer, "max_steps": steps},
    }


def lengthened_words(words: Sequence[str], steps: int) -> list[str]:
    """The overrides of a run with another number of steps.

    Args:
        words: Overrides as typed.
        steps: Optimiser steps of the whole run.
    """
    word = f"{STEPS}={steps}"
    replaced = [word if _sets_steps(typed) else typed for typed in words]
    return replaced if word in replaced else [*replaced, word]


def current_words(words: Sequence[str], config: Mapping[str, Any]) -> list[str]:
    """The overrides of a run with its present number of steps.

    Earlier versions stored that of a lengthened run in its config alone.

    Args:
        words: Overrides as stored.
        config: Resolved config of the run.
    """
    steps = value_at(config, STEPS)
    stale = any(_sets_steps(word) and _number(word) not in (None, steps) for word in words)
    return lengthened_words(words, steps) if stale and type(steps) is int else list(words)


def _sets_steps(word: str) -> bool:
    return word.lstrip("+").partition("=")[0] == STEPS


def _number(word: str) -> int | None:
    text = word.partition("=")[2].strip()
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 20 else None


def dependence(schedule: Mapping[str, Any]) -> str | None:
    """The reason why the learning rate of a step depends on the number of steps, if it does."""
    steps, power = schedule.get("steps"), schedule.get("power")
    plain = type(steps) is int and type(power) in (int, float)
    if schedule.get("_target_") != POLY or not plain:
        return f"the schedule {schedule.get('_target_')} may depend on the number of steps"
    if power != 0:
        return (
            f"its schedule (poly, power {power:g}) has fallen to schedule.min_lr by "
            f"step {steps}, and another total would have changed the rate of every step"
        )
    scaled = schedule.get("reference_steps") is not None or schedule.get("longest_warmup")
    if schedule.get("warmup") and scaled:
        return "its warm-up is a fraction of the total (schedule.reference_steps, longest_warmup)"
    return None


def finished_message(path: Path, config: Mapping[str, Any]) -> str:
    """The message about a finished run: how to evaluate or lengthen it."""
    steps, run = value_at(config, "data.steps", "?"), quoted_override("run", path)
    longer = f"train for longer with: {command('resume')} {run} data.steps=N"
    if reason := dependence(value_at(config, "schedule", {})):
        longer = f"it cannot be trained for longer, because {reason}"
    return (
        f"{path} holds a run that has finished at step {steps} of {steps}; evaluate it with: "
        f"{command('evaluate')} {run}; {longer}"
    )
