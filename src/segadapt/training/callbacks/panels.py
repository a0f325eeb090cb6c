"""Pictures of the same few validation images after each validation."""

from pathlib import Path
from typing import cast

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback

from segadapt.data.dataset import LabelledDataset
from segadapt.data.drawing import LabelledImage, panel, save, shown
from segadapt.data.palette import class_colors
from segadapt.data.transport import Transport
from segadapt.evaluation.evaluator import MeasuredTask
from segadapt.evaluation.inference.branches import branch_labels
from segadapt.evaluation.inference.methods import whole
from segadapt.functional.normalization import Statistics
from segadapt.structures import Batch
from segadapt.training.loggers.wandb_tracker import trackers


class Panels(Callback):
    """Draws image, label, coarse, student and errors as one PNG per validation, also logged.

    Args:
        folder: Folder of the PNGs.
        images: Number of images, evenly spaced over the validation set.
    """

    def __init__(self, folder: str | Path, images: int = 4) -> None:
        self.folder, self.images = Path(folder), images

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        dataset: LabelledDataset = trainer.datamodule.val  # type: ignore[attr-defined] # set by fit
        if not dataset.pictures:
            return
        chosen = np.linspace(
            0, len(dataset) - 1, min(self.images, len(dataset)), dtype=int
        ).tolist()
        transport = Transport([dataset])
        batches = (transport.one(dataset, index, pl_module.device) for index in chosen)
        rows = [self._row(trainer, pl_module, batch, dataset.statistics) for batch in batches]
        colors = class_colors(len(dataset.classes), dataset.palette)
        picture = panel(rows, dataset.classes, colors)
        file = self.folder / f"step-{trainer.global_step:06d}.png"
        save(file, picture)
        for tracker in trackers(trainer):
            tracker.log_image("panels", file, trainer.global_step)

    def _row(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        batch: Batch,
        statistics: Statistics,
    ) -> LabelledImage:
        mask = batch.mask[0].cpu()
        size = (mask.shape[0], mask.shape[1])
        image = trainer.precision_plugin.convert_input(batch.image)
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            predictions = branch_labels(cast(MeasuredTask, pl_module).model, whole, image, size)
        maps = {branch: predictions[branch][0].cpu().numpy() for branch in reversed(predictions)}
        picture = shown(batch.image[0].cpu(), size, statistics)
        return LabelledImage(batch.name[0], picture, {"label": mask.numpy(), **maps})
