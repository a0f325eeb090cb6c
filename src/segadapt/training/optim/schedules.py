"""Learning-rate schedules, counted in optimiser steps."""

from typing import Any, Final

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from segadapt.functional.rates import poly, warm_up

SETTINGS: Final = ("steps", "power", "min_lr", "warmup", "warmup_ratio")
"""Settings that determine the learning rates, besides the step and the initial rate."""


class Poly(LRScheduler):
    """Polynomial decay with a linear warm-up; see :func:`segadapt.functional.rates.poly`.

    The rate is a function of the step alone, so a resumed run has exactly the rates of an
    uninterrupted one.

    Args:
        optimizer: Optimiser whose groups are scheduled.
        steps: Optimiser steps of the whole run.
        power: Exponent of the decay.
        min_lr: Final learning rate.
        warmup: Optimiser steps of the warm-up.
        warmup_ratio: Fraction of the curve at step 0.
        reference_steps: Optimiser steps of the published run with ``warmup``, so that a shorter run
            warms up for the same fraction of its steps; None leaves ``warmup`` unchanged.
        longest_warmup: Largest fraction of the run that may be warm-up; None for no limit.

    Raises:
        ValueError: If the run has no step, or the warm-up is negative.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        steps: int,
        power: float = 1.0,
        min_lr: float = 0.0,
        warmup: int = 0,
        warmup_ratio: float = 1e-6,
        reference_steps: int | None = None,
        longest_warmup: float | None = None,
    ) -> None:
        if steps < 1:
            raise ValueError(f"data.steps={steps}; a run has at least one step")
        if warmup < 0:
            raise ValueError(f"schedule.warmup={warmup} is negative; 0 means no warm-up")
        self.steps, self.power, self.min_lr = steps, power, min_lr
        self.warmup = warm_up(warmup, steps, reference_steps, longest_warmup)
        self.warmup_ratio = warmup_ratio
        super().__init__(optimizer)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the position in the run; the settings are those of this run's config.

        They differ in ``steps`` if a run is lengthened.
        """
        own = {name: vars(self)[name] for name in SETTINGS}
        super().load_state_dict(state_dict)
        vars(self).update(own)

    def get_lr(self) -> list[float | Tensor]:
        settings = {name: vars(self)[name] for name in SETTINGS}
        return [poly(self.last_epoch, float(base), **settings) for base in self.base_lrs]
