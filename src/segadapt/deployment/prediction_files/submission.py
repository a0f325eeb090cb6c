"""Predictions for the server of a data set, which alone has the labels."""

import time
from pathlib import Path
from typing import cast

import torch
from hydra.utils import get_class, instantiate
from omegaconf import DictConfig, OmegaConf
from rich.console import Console
from rich.progress import track

from segadapt.data.dataset import LabelledDataset, SegmentationDataset, Submission
from segadapt.data.datasets.unlabelled import Unlabelled
from segadapt.data.labels import label_type
from segadapt.deployment.prediction.image_files import write_labels
from segadapt.deployment.prediction_files.submission_archive import Size, pack
from segadapt.evaluation.dataset_pass import one_by_one
from segadapt.evaluation.device import with_device
from segadapt.evaluation.inference.branches import branch_labels, refuse_nonfinite
from segadapt.evaluation.precision import with_precision
from segadapt.evaluation.precision_plugins import precision_plugin
from segadapt.evaluation.protocol import stamp
from segadapt.evaluation.trained import load_trained, measured_data
from segadapt.files import expanded, staging, write_json
from segadapt.runs.reader import Run
from segadapt.segmentor import Segmentor
from segadapt.text.terminal import say


def submit(cfg: DictConfig, run: Run, console: Console) -> Path:
    """Predict a split, check the predictions and pack them; nothing is measured.

    Args:
        cfg: conf/evaluate.yaml, composed, with ``submission``.
        run: The training.
        console: Console for progress and summary.

    Returns:
        The archive. A JSON file of the same name says how it was made.

    Raises:
        ValueError: If the data set has no server that this package knows, the archive is there
            already, or anything is wrong with images or predictions.
    """
    started, cfg = time.perf_counter(), with_device(cfg)
    archive = _place(cfg.submission)
    data = measured_data(run.config.data, cfg.split, cfg.data.root)
    images, form = submitted(data, cfg.split)
    precision = with_precision(cfg, run)
    # Inference may refer to the crop of the data.
    cfg = OmegaConf.create({**cfg, "data": data, "precision": precision})
    trained = load_trained(run, cfg.split, cfg.data.root)
    with staging(archive) as stage:
        sizes = predict(trained.model, cfg, images, form, stage, console)
        pack(stage, sizes, images.source.labels, archive, console)
    about = {"images": len(images), "classes": len(images.classes)}
    seconds = time.perf_counter() - started
    protocol = archive.with_suffix(".json")
    write_json(protocol, {"protocol": stamp(cfg, run, trained.weights, about, seconds)})
    lines = [f"{len(images)} predictions of {cfg.data.name} {cfg.split}, not measured: {archive}"]
    lines += [f"made by: {protocol}", *_remarks(images, cfg.split)]
    say(console, *lines)
    return archive


def submitted(data: DictConfig, split: str) -> tuple[Unlabelled, Submission]:
    """The images to predict, and what their server takes.

    Args:
        data: ``data`` of the training's config, with the split in its place.
        split: One without labels, or one with them, which are not looked at.

    Raises:
        ValueError: If there is no such split, or no server that this package knows.
    """
    node = data.module.val
    kind: type[LabelledDataset] = get_class(node._target_)
    if kind.submission is None:
        raise ValueError(
            f"data set {data.name} has no known submission server. Available: ade20k, cityscapes"
        )
    source = cast(type[SegmentationDataset], kind)  # only files can be submitted for
    if split in source.unlabelled:
        files = source.unlabelled[split].files(expanded(node.root))
    else:
        files = [pair.image for pair in instantiate(node).files]
    transform = instantiate(node.transform)
    return Unlabelled(source, node.root, files, transform, node.max_pixels), kind.submission


def predict(
    model: Segmentor,
    cfg: DictConfig,
    images: Unlabelled,
    form: Submission,
    folder: Path,
    console: Console,
) -> dict[str, Size]:
    """Write the prediction of each image as a PNG of the numbers that label files have.

    Args:
        model: Network.
        cfg: conf/evaluate.yaml, composed, with the ``data`` of the training.
        images: Images to predict.
        form: Rules for the names of files.
        folder: Empty folder for the predictions.
        console: Console for progress.

    Returns:
        Rows and columns of the images by the names of the files.

    Raises:
        ValueError: If two images would have the same file.
    """
    device = torch.device(cfg.device)
    plugin, inference = precision_plugin(cfg.precision, device), instantiate(cfg.inference)
    model = plugin.convert_module(model).to(device).eval()
    sizes: dict[str, Size] = {}
    seen = one_by_one(images, cfg.data.num_workers, device)
    batches = track(seen, "predicting", len(images), console=console)
    for file, batch in zip(images.images, batches, strict=True):
        name = form.name(file)
        if name in sizes:
            raise ValueError(f"two images would have the prediction {name}: rename {file}")
        sizes[name] = (batch.mask.shape[-2], batch.mask.shape[-1])
        image = plugin.convert_input(batch.image)
        with torch.no_grad(), plugin.forward_context():
            labels = branch_labels(
                model, inference, image, sizes[name], watch=refuse_nonfinite(name)
            )
        classes = labels["student"][0].cpu().numpy().astype(label_type(len(images.classes)))
        write_labels(folder / name, classes, images.source.labels)
    return sizes


def _place(submission: str) -> Path:
    archive = expanded(submission)
    if archive.suffix != ".zip":
        raise ValueError(f"submission={submission} must be a .zip file, which will be written")
    for file in (archive, archive.with_suffix(".json")):
        if file.exists():
            raise ValueError(f"{file} already exists; remove it or choose another submission=")
    return archive


def _remarks(images: Unlabelled, split: str) -> list[str]:
    published = {name: place.images for name, place in images.source.unlabelled.items()}
    number = {**images.source.images, **published}.get(split, len(images))
    if number == len(images):
        return []
    return [f"note: {number} images are published, and the server wants all of them"]
