"""One pass over a data set."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from rich.console import Console
from rich.progress import track

from segadapt.data.dataset import LabelledDataset
from segadapt.data.palette import class_colors
from segadapt.data.transport import Transport
from segadapt.evaluation.detailed_evaluator import DetailedEvaluator, NetworkMetrics
from segadapt.evaluation.evaluator import check_context
from segadapt.evaluation.fingerprint import Fingerprint
from segadapt.evaluation.inference.settings import check_sees_images
from segadapt.evaluation.metrics.branch_metrics import Measures
from segadapt.evaluation.metrics.confusion_matrix import count, counts_by_class, scores
from segadapt.evaluation.metrics.per_image import PerImage, by_name
from segadapt.evaluation.precision_plugins import precision_plugin
from segadapt.evaluation.report.gallery import Gallery
from segadapt.segmentor import Segmentor
from segadapt.structures import Batch

Size = tuple[int, int]


class ImageScore(NamedTuple):
    """The student's mIoU of one image, over the classes labelled or predicted in it."""

    name: str
    miou: float


class DatasetEvaluation(NamedTuple):
    """Results of a pass over a data set."""

    findings: NetworkMetrics
    classes: tuple[str, ...]
    images: list[ImageScore]
    per_image: PerImage
    gallery: Gallery
    fingerprint: str
    inputs: set[Size]
    labels: set[Size]
    """Sizes of network inputs and of labels: rows, columns."""


def evaluate_dataset(
    model: Segmentor, dataset: LabelledDataset, cfg: DictConfig, console: Console
) -> DatasetEvaluation:
    """Evaluate a network, with a progress bar.

    Args:
        model: Network.
        dataset: The split.
        cfg: conf/evaluate.yaml, composed, with the ``data`` of the training.
        console: Console for the progress.

    Raises:
        ValueError: If the inference would cut or resize cached features.
    """
    inference = instantiate(cfg.inference)
    check_sees_images(inference, dataset.pictures)
    check_context(model, inference)
    device = torch.device(cfg.device)
    measures = Measures(tuple(cfg.measures.trimap), cfg.measures.boundary, cfg.measures.bins)
    examiner = DetailedEvaluator(cfg.data.num_classes, inference, measures).to(device)
    plugin = precision_plugin(cfg.precision or "32-true", device)
    model = plugin.convert_module(model).to(device).eval()
    colors = class_colors(len(dataset.classes), dataset.palette)
    exhibits = cfg.gallery if dataset.pictures else 0
    gallery = Gallery(exhibits, dataset.classes, colors, dataset.statistics)
    fingerprint = Fingerprint(dataset.classes)
    images: list[ImageScore] = []
    counts = []
    inputs, labels = set(), set()
    batches = one_by_one(dataset, cfg.data.num_workers, device)
    for batch in track(batches, "evaluating", len(dataset), console=console):
        # torch cannot compute with unsigned 16-bit integers.
        mask = batch.mask.int() if batch.mask.dtype == torch.uint16 else batch.mask
        on_device = Batch(plugin.convert_input(batch.image), mask, batch.name)
        with plugin.forward_context():
            readings = examiner.update(model, on_device)
        maps = {name: readings[name].labels[0] for name in reversed(readings)}
        confusion = count(readings["student"].labels, on_device.mask, cfg.data.num_classes)
        score = ImageScore(batch.name[0], scores(confusion).miou)
        gallery.offer(score.name, score.miou, batch.image[0], batch.mask[0], maps)
        fingerprint.add(score.name, batch.mask[0])
        images.append(score)
        counts.append(counts_by_class(confusion).cpu())
        inputs.add((batch.image.shape[-2], batch.image.shape[-1]))
        labels.add((batch.mask.shape[-2], batch.mask.shape[-1]))
    digest = fingerprint.hexdigest()
    per_image = by_name([image.name for image in images], torch.stack(counts).numpy())
    return DatasetEvaluation(
        examiner.findings(), dataset.classes, images, per_image, gallery, digest, inputs, labels
    )


def one_by_one(dataset: LabelledDataset, num_workers: int, device: torch.device) -> Iterator[Batch]:
    """Samples one by one, in order, as the network sees them, on its device."""
    transport = Transport([dataset])
    return transport.moved(transport.loader(dataset, device, num_workers), device)
