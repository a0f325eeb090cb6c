"""Checks that end a training from which nothing can be learned: NaN, infinity, no labels."""

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from segadapt.functional.distributed import max_over_ranks, sum_over_ranks
from segadapt.functional.nonfinite import nonfinite, such_as
from segadapt.losses.objective import Losses
from segadapt.structures import ignored_label

REMEDY = "Use a smaller optimizer.lr, a longer schedule.warmup or trainer.gradient_clip_val"
NEVER = torch.iinfo(torch.int64).max
GRADIENT = "gradient"
"""Name under which the norm of all gradients is watched, in addition to the losses."""


def check_epsilon(optimizer: Optimizer) -> None:
    """Check that the denominators of the first step are not zero.

    Raises:
        ValueError: If ``eps`` of the optimiser rounds to 0 in the type of a parameter, in which it
            holds its state (``trainer.precision=16-true``).
    """
    epsilon = optimizer.defaults.get("eps")
    if not epsilon:
        return
    types = {weight.dtype for group in optimizer.param_groups for weight in group["params"]}
    for dtype in types:
        if torch.tensor(epsilon, dtype=dtype) == 0:
            raise ValueError(
                f"eps={epsilon} of {type(optimizer).__name__} rounds to 0 in {dtype}, the type of "
                "weights with trainer.precision=16-true, so the first step would divide by 0; set "
                "trainer.precision=16-mixed or bf16-mixed, or optimizer=sgd"
            )


class FiniteCheck:
    """Checks that losses are finite: on a CPU at each step, on a GPU without waiting for it.

    On a GPU the result stays on the device until it is read: when values are logged anyway, and
    before anything is measured or saved. Then the weights are checked as well.

    Args:
        network: The trained network.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self._names: tuple[str, ...] = ()
        self._losses: Tensor | None = None
        self._gradient: Tensor | None = None
        """First optimiser step at which each term was not finite, or ``NEVER``."""

    def watch(self, losses: Losses, step: int, read: bool) -> None:
        """Record the losses of a step.

        Args:
            losses: Total and terms.
            step: Optimiser step, from 1.
            read: Whether to wait for the result.

        Raises:
            ValueError: If a term was not finite, now or since the last reading.
        """
        self._names = (*losses.terms, "loss")
        values = torch.stack([*losses.terms.values(), losses.total]).detach()
        self._losses = _first(self._losses, values, step)
        if read or values.device.type == "cpu":
            self.settle(step - 1)

    def watch_gradient(self, norm: Tensor, step: int) -> None:
        """Record the norm of the gradients of a step, if it is computed anyway."""
        self._gradient = _first(self._gradient, norm.detach().reshape(1), step)

    def settle(self, done: int, joined: bool = False) -> None:
        """Read the result.

        Args:
            done: Number of optimiser steps taken by the weights.
            joined: Whether all ranks call this now; each then reports errors of all ranks.

        Raises:
            ValueError: If a term was not finite.
        """
        watched = [steps for steps in (self._losses, self._gradient) if steps is not None]
        if not watched:
            return
        verdict = torch.cat(watched)
        if joined:
            verdict = -max_over_ranks(-verdict)
        steps = verdict.tolist()
        first = min(steps)
        if first == NEVER:
            return
        named = zip((*self._names, GRADIENT), steps, strict=False)
        names = [name for name, step in named if step == first]
        terms = [name for name in names if name not in (GRADIENT, "loss")]
        if names == [GRADIENT]:
            raise ValueError(_gradient(first))
        if first == done + 1:  # the weights have not changed since the loss
            self.check_weights(done)
        raise ValueError(
            f"the loss was not finite at step {first}: {', '.join(terms) or 'loss'}; this step "
            f"was not saved. {REMEDY}"
        )

    def check_weights(self, step: int) -> None:
        """Check weights and buffers.

        Args:
            step: Number of optimiser steps taken by them.

        Raises:
            ValueError: If they are not finite; names the cause.
        """
        names = nonfinite(self.network.state_dict().items())
        if not names:
            return
        if step == 0:
            raise ValueError(
                f"the network starts with weights that are NaN or infinite ({such_as(names)}): its "
                "file of weights is damaged, see model.encoder.weights and model.encoder.pretrained"
            )
        gradients = (
            (name, weight.grad)
            for name, weight in self.network.named_parameters()
            if weight.grad is not None
        )
        if broken := nonfinite(gradients):
            raise ValueError(_gradient(step, f" in {such_as(broken)}"))
        parameters = {name for name, _ in self.network.named_parameters()}
        moved = [name for name in names if name in parameters]
        if moved:
            raise ValueError(
                f"the optimiser step made weights NaN or infinite ({such_as(moved)}) by step "
                f"{step}, from a gradient that was finite; nothing was saved from it. {REMEDY}"
            )
        raise ValueError(
            f"buffers of the network became NaN or infinite by step {step} ({such_as(names)}), "
            "while its weights are finite: values within the network overflow; this step was not "
            f"saved. {REMEDY}, or trainer.precision=32-true"
        )


def _first(before: Tensor | None, values: Tensor, step: int) -> Tensor:
    """The first step, up to this one, at which each value was not finite."""
    if before is None or before.device != values.device:
        before = torch.full(values.shape, NEVER, dtype=torch.int64, device=values.device)
    return torch.where(values.isfinite(), before, before.clamp(max=step))


def _gradient(step: int, where: str = "") -> str:
    return (
        f"the gradient was not finite at step {step}{where}, while the loss was; this step was not "
        f"saved. {REMEDY}, or trainer.precision=32-true"
    )


class LabelCheck:
    """Checks that any pixel has a label, without waiting for a GPU before the result is read.

    Single batches may have no labels. A training without any labels would seem to succeed, with a
    loss of zero throughout.

    Args:
        num_classes: Number of classes.
    """

    def __init__(self, num_classes: int) -> None:
        self.ignored = ignored_label(num_classes)
        self._seen: Tensor | None = None
        """Number of batches with a label since the last reading."""

    def watch(self, mask: Tensor) -> None:
        """Record the labels of a batch."""
        labelled = (mask != self.ignored).any().float()
        self._seen = labelled if self._seen is None else self._seen + labelled

    def settle(self) -> None:
        """Read the result over all ranks.

        Raises:
            ValueError: If no pixel had a label.
        """
        if self._seen is None:
            return
        seen, self._seen = sum_over_ranks(self._seen), None
        if not seen.item():
            raise ValueError(
                f"no pixel of the training images so far has a label, all are {self.ignored} "
                "(ignored); check the label files, and data.ignored if the data set has it"
            )
