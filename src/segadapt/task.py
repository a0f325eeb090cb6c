"""The training loop body: what Lightning needs to know and nothing else."""

from collections.abc import Callable

import lightning as L
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torchmetrics.classification import MulticlassJaccardIndex

from segadapt.functional.resize import upsample
from segadapt.losses.objective import Objective
from segadapt.segmentor import Segmentor
from segadapt.structures import IGNORE, Batch


class SegmentationTask(L.LightningModule):
    """Trains a segmentor on an objective.

    Args:
        model: Network to train.
        objective: What to minimise.
        optimizer: Builds the optimiser from parameters.
        schedule: Builds the schedule from the optimiser and the number of steps.
        num_classes: Number of classes, for the metrics.
    """

    def __init__(
        self,
        model: Segmentor,
        objective: Objective,
        optimizer: Callable[..., Optimizer],
        schedule: Callable[..., LRScheduler],
        num_classes: int,
    ) -> None:
        super().__init__()
        self.model = model
        self.objective = objective
        self.optimizer = optimizer
        self.schedule = schedule
        self.iou = MulticlassJaccardIndex(num_classes, average="macro", ignore_index=IGNORE)

    def training_step(self, batch: Batch, _: int) -> Tensor:
        prediction = self.model(batch.image, batch.mask)
        losses = self.objective(prediction, batch.mask)
        self.model.classifier.update(prediction)
        self.log_dict({f"train/{name}": value for name, value in losses.terms.items()})
        self.log("train/loss", losses.total, prog_bar=True)
        return losses.total

    def validation_step(self, batch: Batch, _: int) -> None:
        logits = upsample(self.model(batch.image).student.logits, batch.mask.shape[-2:])
        self.iou(logits.argmax(1), batch.mask)
        self.log("val/miou", self.iou, prog_bar=True)

    def configure_optimizers(self) -> dict:
        optimizer = self.optimizer(self.model.parameters())
        schedule = self.schedule(optimizer)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }
