"""The Lightning module: training step, validation, optimiser, and checkpoint hooks."""

import math
from collections.abc import Callable
from typing import Any

import lightning as L
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from segadapt.evaluation.evaluator import Evaluator
from segadapt.evaluation.inference.methods import Inference
from segadapt.evaluation.metrics.confusion_matrix import Scores
from segadapt.evaluation.metrics.per_image import PerImage
from segadapt.evaluation.trained import check_fit
from segadapt.functional.determinism import deterministic
from segadapt.functional.distributed import sum_over_ranks, world_size
from segadapt.losses.objective import Losses, Objective
from segadapt.segmentor import Segmentor
from segadapt.structures import Batch
from segadapt.training.checks import FiniteCheck, LabelCheck, check_epsilon
from segadapt.training.compiled import CompiledHalves
from segadapt.training.gradient_check import Forward

STEP = "step"
"""Name under which Lightning expects the step of logged values: optimiser steps taken."""


def learn(
    model: Segmentor,
    objective: Objective,
    batch: Batch,
    last: bool = True,
    forward: Forward | None = None,
) -> Losses:
    """Compute the losses of a batch, and update the classifier's state without gradients.

    Args:
        model: Network.
        objective: Objective to minimise.
        batch: Images and labels.
        last: Whether the optimiser steps after this batch.
        forward: Function that computes the prediction in place of the network.
    """
    with deterministic(batch.image.device):
        image = batch.image.contiguous(memory_format=torch.channels_last)
        prediction = (forward or model)(image, batch.mask)
        losses = objective(prediction, batch.mask)
        model.classifier.update(prediction, last)
        return losses


class SegmentationTask(L.LightningModule):
    """Trains a segmentor on an objective and measures it.

    Its checkpoint consists of tensors, plain values and the number of optimiser steps, from which
    the position in the run follows.

    Args:
        model: Network to train.
        objective: Objective to minimise.
        optimizer: Builds the optimiser from the network.
        schedule: Builds the schedule from the optimiser.
        inference: Inference for validation images.
        num_classes: Number of classes.
    """

    def __init__(
        self,
        model: Segmentor,
        objective: Objective,
        optimizer: Callable[[nn.Module], Optimizer],
        schedule: Callable[[Optimizer], LRScheduler],
        inference: Inference,
        num_classes: int,
    ) -> None:
        super().__init__()
        self.model, self.objective = model, objective
        self.optimizer, self.schedule = optimizer, schedule
        self.evaluator = Evaluator(num_classes, inference)
        self.results: dict[str, Scores] = {}
        self.images: PerImage | None = None
        self.compiled: CompiledHalves | None = None
        """Compiled network that training steps run, if compilation is on."""
        self.finite, self.labelled = FiniteCheck(model), LabelCheck(num_classes)

    def on_train_start(self) -> None:
        """Refuse to start from weights that are NaN or infinite."""
        self.finite.check_weights(self.trainer.global_step)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        step, last = self._position(batch_idx)
        forward = self.compiled and self.compiled.checked(self.objective, batch)
        losses = learn(self.model, self.objective, batch, last, forward)
        due = last and (step % self._every() == 0 or step == self.trainer.max_steps)
        self.finite.watch(losses, step, read=due)
        self.labelled.watch(batch.mask)
        if due:
            self._log_losses(losses, step)
        return losses.total

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        if self.trainer.global_step == self.trainer.max_steps:
            self.trainer.should_stop = True  # the last step is always validated

    def on_validation_start(self) -> None:
        """Let all ranks measure the network that is saved, that of the first rank.

        Buffers differ only if ranks normalise their own batches (batch norm on CPUs).
        """
        self._settle()
        self.labelled.settle()
        if world_size() > 1:
            for buffer in self.model.buffers():
                dist.broadcast(buffer, 0)

    def validation_step(self, batch: Batch, _: int) -> None:
        self.evaluator.update(self.model, batch)

    def on_validation_epoch_end(self) -> None:
        """Log the metrics.

        Raises:
            ValueError: If no pixel of the validation set has a label.
        """
        self.results, self.images = self.evaluator.scores(), self.evaluator.images()
        self.evaluator.reset()
        student = self.results["student"]
        if math.isnan(student.accuracy):
            raise ValueError(
                f"no pixel of the validation set has a label, all are {self.labelled.ignored} "
                "(ignored), so there is nothing to measure; check its label files"
            )
        values = {"val/miou": student.miou, "val/accuracy": student.accuracy}
        values["val/mean_accuracy"] = student.mean_accuracy
        for branch, scores in self.results.items():
            if branch != "student":
                values[f"val/miou_{branch}"] = scores.miou
        classes = self.trainer.datamodule.classes  # type: ignore[attr-defined] # set by fit
        for name, iou in zip(classes, student.iou.tolist(), strict=True):
            values[f"val/iou/{name}"] = iou
        self._log({**values, STEP: float(self.trainer.global_step)})

    def configure_optimizers(self) -> Any:
        optimizer = self.optimizer(self.model)
        check_epsilon(optimizer)
        schedule = self.schedule(optimizer)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the norm of the gradients; Lightning's own clipping refuses fused optimisers.

        Fused optimisers divide by the loss scale of ``trainer.precision=16-mixed`` in their step,
        after the clipping, so the division is done here first. For all others Lightning has done
        it.
        """
        if not gradient_clip_val:
            return
        scaler = getattr(self.trainer.precision_plugin, "scaler", None)
        if scaler is not None and getattr(optimizer, "_step_supports_amp_scaling", False):
            scaler.unscale_(optimizer)
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), gradient_clip_val)
        if scaler is None:  # it skips steps whose gradients overflow, and reduces the scale
            self.finite.watch_gradient(norm, self.trainer.global_step + 1)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Remove Lightning's loop state, which describes this process rather than the run.

        Raises:
            ValueError: If a loss since the last check, or a weight, was not finite; then nothing is
                saved.
        """
        self._settle()
        del checkpoint["loops"]

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Set Lightning's counters to those of an uninterrupted run.

        For Lightning the rest of the run is one epoch, so everything else starts as usual.

        Raises:
            ValueError: If the checkpoint belongs to another network.
        """
        check_fit(self, checkpoint["state_dict"], str(self.trainer.ckpt_path))
        step = checkpoint["global_step"]
        loop = self.trainer.fit_loop.epoch_loop
        optimizer_steps = loop.automatic_optimization.optim_progress.optimizer.step.total
        optimizer_steps.ready = optimizer_steps.completed = step
        loop.batch_progress.total.reset()
        loop.batch_progress.total.increment_by(step * self.trainer.accumulate_grad_batches)
        loop._batches_that_stepped = step  # decides when values are logged

    def _settle(self) -> None:
        """Check that losses and weights are finite, on all ranks at once."""
        step = self.trainer.global_step
        self.finite.settle(step, joined=True)
        self.finite.check_weights(step)

    def _position(self, batch_idx: int) -> tuple[int, bool]:
        """The optimiser step of this batch, from 1, and whether this is its last batch."""
        parts = self.trainer.accumulate_grad_batches
        return self.trainer.global_step + 1, (batch_idx + 1) % parts == 0

    def _every(self) -> int:
        return self.trainer.log_every_n_steps  # type: ignore[attr-defined] # set by a connector

    def _log_losses(self, losses: Losses, step: int) -> None:
        """Log total and terms as means over ranks, and the learning rate of this step."""
        names = [f"train/{name}" for name in (*losses.terms, "loss")]
        values = torch.stack([*losses.terms.values(), losses.total]).detach().float()
        means = sum_over_ranks(values) / world_size()
        rate = self.trainer.optimizers[0].param_groups[0]["lr"]
        self._log({**dict(zip(names, means, strict=True)), "lr": rate, STEP: float(step)})

    def _log(self, values: dict[str, Any]) -> None:
        """Log values that are equal on all ranks."""
        self.log_dict(values, batch_size=1)
