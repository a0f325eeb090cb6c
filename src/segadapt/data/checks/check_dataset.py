"""Everything that can be said about a data set before it is trained on."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from rich.console import Console
from rich.markup import escape
from rich.progress import track

from segadapt.data.checks.census import Census, remarks
from segadapt.data.checks.charts import Tile, contact_sheet, distribution, without_repeats
from segadapt.data.checks.inspection import inspect
from segadapt.data.checks.proposal import proposed, scan
from segadapt.data.checks.quick_check import judged, refusals
from segadapt.data.checks.statistics import measure
from segadapt.data.dataset import SegmentationDataset
from segadapt.data.drawing import shown, viewable
from segadapt.data.files.pairs import Incomplete
from segadapt.data.files.selection import Rules, select
from segadapt.data.label_table.choice import FILES
from segadapt.data.module import check_count
from segadapt.data.palette import class_colors
from segadapt.files import expanded, replace_text
from segadapt.text.borders import printable_values
from segadapt.text.terminal import say

DRAWS, SHOWN = 3, 20
"""Number of augmentations of each image on the contact sheet, and of printed findings."""


def check(cfg: DictConfig, console: Console) -> int:
    """Scan the splits of a data set, print the findings, and write them with figures.

    Args:
        cfg: conf/check_data.yaml, composed.
        console: Where to print.

    Returns:
        How many things would end a training.

    Raises:
        ValueError: If the data set has no files, or a split cannot even be listed.
    """
    if cfg.statistics:
        report_statistics(cfg, console)
        return 0
    if lacks_table(cfg.data):
        propose(cfg, console)
        return 1
    errors = sum(check_split(cfg, split, console) for split in cfg.splits)
    return errors or check_together(cfg, console)


def lacks_table(data: DictConfig) -> bool:
    """Whether a user's data set lacks a description of its labels."""
    if "classes" not in data or data.classes is not None:
        return False
    return not any((expanded(data.root) / name).is_file() for name in FILES)


def propose(cfg: DictConfig, console: Console) -> None:
    """Write the label table that fits the training labels, to be edited.

    Raises:
        ValueError: If there are no labels, or they cannot be read.
    """
    data, root = cfg.data, expanded(cfg.data.root)
    rules = Rules(data.image, data.label, data.list, data.split)
    labels = [pair.label for pair in select(root, "train", rules).pairs]
    table = proposed(scan(labels, data.max_pixels, cfg.threads, data.get("windows")))
    file = Path(cfg.out) / FILES[0]
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_text(file, table.text)
    say(
        console,
        f"{root} has no label table; this is what {len(labels)} training labels hold:",
        *(f"  {line}" for line in table.text.splitlines()[1:]),
        f"  written: {file}; edit it, and move it to {root}",
    )


def check_together(cfg: DictConfig, console: Console) -> int:
    """Check all splits as a training would, and return the number of errors."""
    parts = {split: split_of(cfg.data, split) for split in cfg.splits}
    check_count(cfg.data.num_classes, next(iter(parts.values())))
    verdict = judged(parts, "train")
    allowed = cfg.data.get("allow_empty_classes") or not verdict.refusal
    refused = [] if allowed else [verdict.refusal]
    refused += refusals(verdict, cfg.data.get("allow") or ())
    for sentence in refused:
        say(console, f"would end a training: {sentence}")
    return len(refused)


def report_statistics(cfg: DictConfig, console: Console) -> None:
    """Measure the images of the training split, and print and write the resulting settings.

    Raises:
        ValueError: If an image cannot be read.
    """
    whole = copy.deepcopy(cfg)  # as a whole: below, interpolations lead to its root
    if cfg.data.get("depth", 8) != 8 and cfg.data.range is None:
        whole.data.range = [0, 1]
    dataset = split_of(whole.data, "train")
    given = cfg.data.get("range")
    limits = None if given is None else (float(given[0]), float(given[1]))
    form = dataset.form._replace(range=limits)
    settings = measure(dataset.parts, dataset.reading.values, form, cfg.threads).settings()
    file = Path(cfg.out) / "statistics.json"
    _write_json(file, settings)
    words = [f"'data.{key}={values}'" for key, values in settings.items()]
    add = f"add {' '.join(words)}"
    if dataset.form.is_plain:
        shown = ", ".join(f"{key} {values}" for key, values in settings.items())
        add = f"{shown}; nothing to add: 8-bit RGB is normalised as pretrained weights expect it"
    say(console, f"train: {len(dataset.files)} images", f"  {add}", f"  written: {file}")


def check_split(cfg: DictConfig, split: str, console: Console) -> int:
    """Scan one split, and return the number of errors that would end a training."""
    folder = Path(cfg.out)
    try:
        dataset = split_of(cfg.data, split)
    except InstantiationException as error:
        return _report_missing(error, split, folder, console)
    seen = track(
        inspect(dataset, cfg.threads), escape(f"checking {split}"), len(dataset), console=console
    )
    census = Census.of(dataset.classes, seen)
    notes = [*remarks(census, split, dataset.images), *dataset.notes]
    report(census, notes, split, console)
    write(census, dataset, split, folder, cfg.samples)
    say(console, f"  written: {folder}/{split}*")
    return len(census.errors)


def split_of(data: DictConfig, split: str) -> SegmentationDataset:
    """A split as training or validation builds it.

    Raises:
        ValueError: If the data set is not made of files.
    """
    module = data.module
    node = module.train if split == "train" else module.val
    if "root" not in node:
        raise ValueError(f"data={data.name} is composed on the fly; it has no files to check")
    node = OmegaConf.merge(node, {"split": split})
    return cast(SegmentationDataset, instantiate(node))


def report(census: Census, further: list[str], split: str, console: Console) -> None:
    """Print the numbers of a split and the first findings."""
    total = int(census.pixels.sum()) + census.ignored
    sizes = sorted(census.sizes, key=lambda size: size[0] * size[1])
    lines = [f"{split}: {census.images} images, {len(census.classes)} classes"]
    if sizes:
        (height, width), (rows, columns) = sizes[0], sizes[-1]
        lines.append(f"  sizes: {height} x {width} to {rows} x {columns}")
        lines.append(f"  ignored: {100 * census.ignored / max(total, 1):.2f} % of the pixels")
    lines += [f"  note: {remark}" for remark in further]
    for finding in census.findings[:SHOWN]:
        lines.append(f"  {finding.kind}: {finding.file}: {finding.sentence}")
    if more := census.findings[SHOWN:]:
        lines.append(f"  and {len(more)} more, in the JSON file")
    lines.append(f"  {len(census.errors)} of these would end a training")
    say(console, *lines)


def write(
    census: Census, dataset: SegmentationDataset, split: str, folder: Path, samples: int
) -> None:
    """Write SPLIT.json, SPLIT-classes.png and, where enough can be read, SPLIT-images.png."""
    _write_json(folder / f"{split}.json", census.as_json())
    title = f"{type(dataset).__name__} {split}, {census.images} images"
    distribution(census, title).savefig(folder / f"{split}-classes.png", dpi=110)
    bad = {finding.file for finding in census.errors}
    good = [
        item
        for item, part in enumerate(dataset.parts)
        if bad.isdisjoint(dataset.below_root(file) for file in part.pair)
    ]
    chosen = np.linspace(0, len(good) - 1, min(samples, len(good)), dtype=int)
    if len(chosen):
        rows = without_repeats([tiles(dataset, good[place]) for place in chosen])
        sheet = contact_sheet(
            rows, dataset.classes, class_colors(len(dataset.classes), dataset.palette)
        )
        sheet.savefig(folder / f"{split}-images.png", dpi=110)


def tiles(dataset: SegmentationDataset, item: int) -> list[Tile]:
    """A stored image with its labels, and both after the transform of the split."""
    part = dataset.parts[item]
    label = dataset.reading.label(part)
    image = viewable(dataset.reading.image(part))
    row = [
        Tile(f"{part.pair.image.name}{part.box or ''}", image, None),
        Tile("stored labels", image, label),
    ]
    for draw in range(DRAWS):
        sample = dataset[(draw * len(dataset) + item, item)]
        mask = sample.mask.numpy()
        picture = shown(sample.image, mask.shape, dataset.statistics)
        row.append(Tile(f"network input {draw + 1}", picture, mask))
    return row


def _report_missing(
    error: InstantiationException, split: str, folder: Path, console: Console
) -> int:
    """Report files that are alone; anything else that went wrong is raised again."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, Incomplete):
        cause = cause.__cause__
    if cause is None:
        raise error
    say(console, f"{split}: {cause}")
    say(console, f"  nothing else was checked; all files: {folder}/{split}.json")
    _write_json(folder / f"{split}.json", {"missing": cause.files})
    return len(cause.files)


def _write_json(file: Path, content: Mapping[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(printable_values(content), indent=1), "utf-8")
