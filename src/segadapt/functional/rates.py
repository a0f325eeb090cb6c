"""The learning rate as a function of the step; without torch, so that settings can be checked."""


def poly(
    step: int,
    base: float,
    steps: int,
    power: float = 1.0,
    min_lr: float = 0.0,
    warmup: int = 0,
    warmup_ratio: float = 1e-6,
) -> float:
    """The learning rate of one optimiser step, by mmcv's formula.

    Args:
        step: Optimiser steps already taken, t.
        base: Learning rate of the parameter group, including its factor.
        steps: Optimiser steps of the whole run, T.
        power: Exponent of the decay; 1 is linear.
        min_lr: Final learning rate. Factors of parameter groups do not scale it.
        warmup: Optimiser steps over which the rate rises linearly to the curve, W.
        warmup_ratio: Fraction of the curve at step 0.
    """
    left = 1 - min(step, steps) / steps
    rate = (base - min_lr) * left**power + min_lr
    if step < warmup:
        rate *= 1 - (1 - step / warmup) * (1 - warmup_ratio)
    return rate


def warm_up(
    warmup: int, steps: int, reference_steps: int | None = None, longest: float | None = None
) -> int:
    """Warm-up steps of a run: the same fraction as in the published run.

    Args:
        warmup: Warm-up steps of the published run.
        steps: Optimiser steps of this run.
        reference_steps: Optimiser steps of the published run; None leaves the warm-up unchanged.
        longest: Largest fraction of a run that may be warm-up; None for no limit.
    """
    scaled = warmup if reference_steps is None else round(warmup * steps / reference_steps)
    return scaled if longest is None else min(scaled, int(longest * steps))
