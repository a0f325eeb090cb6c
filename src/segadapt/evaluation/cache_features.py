"""Cached features of a trained network, on which classifiers train without its backbone."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from jaxtyping import UInt
from numpy.lib.format import open_memmap
from omegaconf import DictConfig
from rich.console import Console
from rich.progress import track
from torch import Tensor

from segadapt.data.cached_features import CACHE, FEATURES, LABELS, FeatureCache
from segadapt.data.dataset import LabelledDataset
from segadapt.data.datasets.cached_features import DTYPES
from segadapt.data.labels import label_type
from segadapt.data.transport import Transport
from segadapt.evaluation.device import with_device
from segadapt.evaluation.run_data import split_of_run
from segadapt.evaluation.trained import Trained, load_trained
from segadapt.files import replace_text, sync_folder
from segadapt.runs.file_names import FEATURES as FEATURES_FOLDER
from segadapt.runs.overrides import quoted_override
from segadapt.runs.reader import Run
from segadapt.segmentor import Segmentor
from segadapt.structures import Batch
from segadapt.text.choices import check_choice
from segadapt.text.invocation import command
from segadapt.text.terminal import say

SPLITS: Final = ("train", "val")


class SplitToCache(NamedTuple):
    """A split to cache, with the shapes and types of its first sample."""

    dataset: LabelledDataset
    samples: int
    features: tuple[int, int, int]
    labels: tuple[int, int]

    def items(self, device: torch.device) -> Iterator[Batch]:
        """Samples as a training sees them: their number decides the augmentation."""
        transport = Transport([self.dataset])
        for n in range(self.samples):
            yield transport.one(self.dataset, (n, n % len(self.dataset)), device)

    def bytes(self, precision: str) -> int:
        of_label = np.dtype(label_type(len(self.dataset.classes))).itemsize
        features = np.dtype(DTYPES[precision]).itemsize * np.prod(self.features)
        return int(self.samples * (features + of_label * np.prod(self.labels)))


def cache(cfg: DictConfig, run: Run, console: Console) -> Path:
    """Write the features of a run, after printing their size.

    The folder becomes a cached set with its last file; an unfinished one is started over.

    Args:
        cfg: conf/cache_features.yaml, composed.
        run: The training.
        console: Where to print.

    Raises:
        ValueError: If the folder already holds cached features, the disk has too little space, or
            the samples of a split differ in size or are resized, which cached features cannot
            follow.
    """
    cfg = with_device(cfg)
    out = run.folder / FEATURES_FOLDER if cfg.out is None else Path(cfg.out)
    _check(cfg, out)
    trained = load_trained(run, root=cfg.data.root)
    device = torch.device(cfg.device)
    model = trained.model.to(device)
    parts = {}
    for split in SPLITS:
        dataset = split_of_run(trained.data, run.folder, split)
        samples = len(dataset) if split == "val" or cfg.train is None else cfg.train
        parts[split] = _part(model, dataset, samples, device)
    _tell(parts, cfg.precision, out, console)
    names = {split: _write(out / split, model, part, cfg, console) for split, part in parts.items()}
    replace_text(out / CACHE, json.dumps(_facts(parts, names, cfg, trained)._asdict()))
    words = f"model=cached data=cached {quoted_override('data.root', out)}"
    say(console, f"train on the features with: {command('train')} {words}")
    return out


def _check(cfg: DictConfig, out: Path) -> None:
    check_choice("precision", cfg.precision, DTYPES)
    if cfg.train is not None and cfg.train < 1:
        raise ValueError(f"train={cfg.train}; keep 1 sample or more, or null for one of each image")
    if (out / CACHE).is_file():
        raise ValueError(f"{out} already holds cached features; remove it, or pass out=FOLDER")


def _part(
    model: Segmentor, dataset: LabelledDataset, samples: int, device: torch.device
) -> SplitToCache:
    first = Transport([dataset]).one(dataset, (0, 0), device)
    features = _features(model, first)[0]
    channels, height, width = features.shape
    rows, columns = first.mask.shape[1:]
    part = SplitToCache(dataset, samples, (channels, height, width), (rows, columns))
    _check_size(first, features, part)  # before hours of work on the split before this one
    return part


@torch.no_grad()
def _features(model: Segmentor, batch: Batch) -> Tensor:
    return model.generator(batch.image).pixels.float()


def _tell(parts: dict[str, SplitToCache], precision: str, out: Path, console: Console) -> None:
    """Print what will be written.

    Raises:
        ValueError: If the disk has too little space.
    """
    for split, part in parts.items():
        shape = " x ".join(map(str, part.features))
        size = part.bytes(precision) / 1e6
        say(console, f"{split}: {part.samples} samples of {shape} in {precision}: {size:.1f} MB")
    total = sum(part.bytes(precision) for part in parts.values())
    out.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(out).free
    if total > free:
        raise ValueError(
            f"the features take {total / 1e9:.1f} GB, but {out} has {free / 1e9:.1f} GB left; "
            "pass train=NUMBER, precision=bf16 or out=FOLDER elsewhere"
        )


def _write(
    folder: Path, model: Segmentor, part: SplitToCache, cfg: DictConfig, console: Console
) -> list[str]:
    """Write a split, and return the names of its samples."""
    folder.mkdir(exist_ok=True)
    kept = (part.samples, *part.features)
    features = open_memmap(folder / FEATURES, "w+", DTYPES[cfg.precision], kept)
    of_labels = label_type(len(part.dataset.classes))
    labels = open_memmap(folder / LABELS, "w+", of_labels, (part.samples, *part.labels))
    names = []
    items = part.items(torch.device(cfg.device))
    for n, batch in enumerate(track(items, folder.name, part.samples, console=console)):
        features_of = _features(model, batch)[0].cpu()
        _check_size(batch, features_of, part)
        features[n] = _stored(features_of, cfg.precision)
        labels[n] = _labels(batch)
        names.append(batch.name[0])
    features.flush()
    labels.flush()
    sync_folder(folder)
    return names


def _check_size(batch: Batch, features: Tensor, part: SplitToCache) -> None:
    seen, labelled = batch.image.shape[-2:], batch.mask.shape[-2:]
    if seen != labelled or features.shape != part.features or labelled != part.labels:
        raise ValueError(
            f"{batch.name[0]} is seen at {tuple(seen)} and labelled at {tuple(labelled)}, the "
            f"first sample at {part.labels}; features are cached only of data sets whose images "
            "all have one size and are not resized for validation"
        )


def _stored(features: Tensor, precision: str) -> np.ndarray:
    if precision == "bf16":
        return features.bfloat16().view(torch.int16).numpy()
    return features.numpy()


def _labels(batch: Batch) -> UInt[np.ndarray, "H W"]:
    return batch.mask[0].cpu().numpy()


def _facts(
    parts: dict[str, SplitToCache],
    names: dict[str, list[str]],
    cfg: DictConfig,
    trained: Trained,
) -> FeatureCache:
    train = parts["train"]
    return FeatureCache(
        classes=train.dataset.classes,
        palette=train.dataset.palette,
        channels=train.features[0],
        precision=cfg.precision,
        crop=train.labels,
        names=names,
        source={
            "run": str(trained.folder),
            "checkpoint": trained.weights.sha256,
            "step": trained.weights.step,
            "data": trained.data.name,
        },
    )
