"""What nothing can be learnt from ends the training: a loss that is no number, no labels at all."""

import torch
from torch import Tensor

from segadapt.functional.distributed import sum_over_ranks
from segadapt.losses.objective import Losses
from segadapt.structures import IGNORE


class FiniteCheck:
    """Watches the losses: on a CPU each one, on a GPU without waiting for it.

    There the verdict stays on the device until somebody reads it: when values are logged anyway,
    and before anything is measured or saved.
    """

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._bad: Tensor | None = None
        """Per term: the first optimiser step at which it was not finite, or 0."""

    def watch(self, losses: Losses, step: int, read: bool) -> None:
        """Look at the losses of a step.

        Args:
            losses: Total and terms.
            step: Optimiser step, from 1.
            read: Whether the verdict may be waited for.

        Raises:
            ValueError: If a term was not finite, now or since the last verdict.
        """
        self._names = (*losses.terms, "loss")
        values = torch.stack([*losses.terms.values(), losses.total]).detach()
        if self._bad is None or self._bad.device != values.device:
            self._bad = torch.zeros(len(values), dtype=torch.int64, device=values.device)
        now = (~values.isfinite()).long() * step
        self._bad = torch.where(self._bad > 0, self._bad, now)
        if read or values.device.type == "cpu":
            self.settle()

    def settle(self) -> None:
        """Read the verdict.

        Raises:
            ValueError: If a term was not finite.
        """
        if self._bad is None:
            return
        steps = self._bad.tolist()
        if any(steps):
            first = min(step for step in steps if step)
            names = [n for n, step in zip(self._names, steps, strict=True) if step == first]
            terms = ", ".join(names[:-1]) or "loss"
            raise ValueError(
                f"the loss was not finite at step {first}: {terms}; nothing of it was saved. "
                "Take a smaller optimizer.lr, a longer schedule.warmup or trainer.gradient_clip_val"
            )


class LabelCheck:
    """Watches that any pixel has a label, without waiting for a GPU before it is asked.

    Single batches may have none. A training whose images never have one would end as if it had
    gone well, with a loss of zero throughout.
    """

    def __init__(self) -> None:
        self._seen: Tensor | None = None
        """Batches with a label, since the last verdict."""

    def watch(self, mask: Tensor) -> None:
        """Look at the labels of a batch."""
        found = (mask != IGNORE).any().float()
        self._seen = found if self._seen is None else self._seen + found

    def settle(self) -> None:
        """Read the verdict over all ranks.

        Raises:
            ValueError: If no pixel had a label.
        """
        if self._seen is None:
            return
        seen, self._seen = sum_over_ranks(self._seen), None
        if not seen.item():
            raise ValueError(
                f"no pixel of the training images so far has a label, all are {IGNORE} (ignored); "
                "look at the label files, and at data.ignored where the data set has it"
            )
