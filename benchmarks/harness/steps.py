"""The timed actions: one training step, and one inference."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.optim import Optimizer

from segadapt.evaluation.inference.methods import labels, whole
from segadapt.losses.objective import Objective
from segadapt.segmentor import Segmentor
from segadapt.structures import Batch, Prediction
from segadapt.training.compiled import CompiledHalves


class Parts(NamedTuple):
    """Parts of a training."""

    model: Segmentor
    objective: Objective
    optimizer: Callable[[], Optimizer]
    """Makes the optimiser, once the network is on its device."""


class Subject:
    """A network that can be trained and applied, on a batch that is on its device.

    Args:
        parts: The network, its objective and its optimiser, on their device.
        batch: Images and labels, on the same device.
        half: Whether forward passes and losses run under bfloat16 autocast.
        compiled: The compiled network that runs instead, in training and inference.
    """

    def __init__(
        self,
        parts: Parts,
        batch: Batch,
        half: bool = False,
        compiled: CompiledHalves | None = None,
    ) -> None:
        self.model, self.objective = parts.model, parts.objective
        self.optimizer = parts.optimizer()
        self.batch, self.half = batch, half
        self.forward: Callable[..., Prediction] = compiled or parts.model

    def train_step(self) -> Tensor:
        """Forward, all losses, backward, optimiser; returns the loss."""
        self.optimizer.zero_grad(set_to_none=True)
        with self._autocast():
            prediction = self.forward(self.batch.image, self.batch.mask)
            total = self.objective(prediction, self.batch.mask).total
        total.backward()
        self.optimizer.step()
        self.model.classifier.update(prediction)
        return total.detach()

    def infer(self) -> Int[Tensor, "b H W"]:
        """Images to one label per pixel, as ``inference=whole`` does."""
        size = (self.batch.image.shape[2], self.batch.image.shape[3])
        with torch.inference_mode(), self._autocast():
            return whole(self._student, self.batch.image, size, keep=labels)

    def held(self) -> Iterator[Tensor]:
        """The tensors that stay from step to step, except gradients."""
        yield from self.model.parameters()
        yield from self.model.buffers()
        for state in self.optimizer.state.values():
            yield from (value for value in state.values() if isinstance(value, Tensor))
        yield from (self.batch.image, self.batch.mask)

    def _student(self, image: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b k h w"]:
        return self.forward(image).student.logits

    def _autocast(self) -> AbstractContextManager:
        device = self.batch.image.device.type
        return torch.autocast(device, torch.bfloat16) if self.half else nullcontext()
