"""A training small enough to watch: one convolution, coloured blocks."""

import lightning as L
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

from segadapt.classifiers.cac import CACClassifier
from segadapt.data.dataset import LabelledDataset
from segadapt.evaluation.evaluator import Evaluator
from segadapt.evaluation.inference.methods import whole
from segadapt.models.interfaces import FeatureGenerator, Features
from segadapt.segmentor import Segmentor
from segadapt.structures import IGNORE, Batch, Sample

CLASSES = 4


class Pooled(FeatureGenerator):
    """Features on a grid of stride 4."""

    channels = 8

    def __init__(self):
        super().__init__()
        self.network = nn.Conv2d(3, 8, 4, stride=4)

    def forward(self, image, auxiliary=False):
        return Features(self.network(image))


class Blocks(LabelledDataset):
    """Images that are their labels, in colour."""

    classes = ("sky", "road", "tree", "car")

    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        mask = torch.randint(CLASSES, (4, 6), generator=generator)
        mask = mask.repeat_interleave(4, 0).repeat_interleave(4, 1)
        image = torch.stack([(mask == k).float() for k in range(3)])
        mask[0] = IGNORE
        return Sample(image, mask, f"block_{index}")


class ToyData(L.LightningDataModule):
    def __init__(self, train=40, val=3):
        super().__init__()
        self.train, self.val = Blocks(train), Blocks(val)

    def train_dataloader(self):
        return DataLoader(self.train, 2, collate_fn=collate)

    def val_dataloader(self):
        return DataLoader(self.val, 1, collate_fn=collate)


def collate(samples):
    image, mask, name = zip(*samples, strict=True)
    return Batch(torch.stack(image), torch.stack(mask), list(name))


class ToyTask(L.LightningModule):
    """A minimal task with the attributes that callbacks expect."""

    def __init__(self):
        super().__init__()
        self.model = Segmentor(Pooled(), CACClassifier, CLASSES)
        self.evaluator = Evaluator(CLASSES, whole)
        self.results, self.images = {}, None

    def training_step(self, batch, _):
        scores = self.model(batch.image).student.logits
        scores = F.interpolate(scores, size=batch.mask.shape[-2:])
        return F.cross_entropy(scores, batch.mask, ignore_index=IGNORE)

    def validation_step(self, batch, _):
        self.evaluator.update(self.model, batch)

    def on_validation_epoch_end(self):
        self.results, self.images = self.evaluator.scores(), self.evaluator.images()
        self.evaluator.reset()
        self.log("val/miou", self.results["student"].miou)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.01)


def fit(callbacks, folder, steps=10, logger=False, **options):
    """Train the toy with some callbacks; validates every five steps."""
    options = {"num_sanity_val_steps": 1, "log_every_n_steps": 2, **options}
    trainer = L.Trainer(
        max_steps=steps,
        val_check_interval=5,
        check_val_every_n_epoch=None,
        callbacks=callbacks,
        default_root_dir=folder,
        logger=logger,
        accelerator="cpu",
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
    )
    task = ToyTask()
    trainer.fit(task, datamodule=ToyData())
    return trainer, task
