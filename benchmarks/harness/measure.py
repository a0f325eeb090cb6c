"""From the options of a benchmark to networks, and from measurements to a table and a file."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from benchmarks.harness.comparison import CostRow, Setting, compare, place
from benchmarks.harness.load import was_busy
from benchmarks.harness.options import Options
from benchmarks.harness.presentation import as_json, base_of, table
from benchmarks.harness.scenes import labelled_batch
from benchmarks.harness.steps import Parts
from benchmarks.harness.syncs import check_gpu, check_values
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from rich.console import Console
from torch.optim import Optimizer

from segadapt.analysis.cost.machine import machine
from segadapt.files import write_json
from segadapt.losses.objective import Objective
from segadapt.runs.environment import provenance
from segadapt.segmentor import Segmentor
from segadapt.training.loss_kernel import choose_kernel


@runtime_checkable
class Trainable(Protocol):
    """Attributes of a task that are read."""

    model: Segmentor
    objective: Objective

    def configure_optimizers(self) -> Any: ...


MINIMUM_WIDTH = 150
"""Characters that the table needs."""

Build = Callable[[DictConfig], Trainable]


class Shape(NamedTuple):
    """Shape of the batch."""

    images: int
    height: int
    width: int
    num_classes: int


def measure(options: Options, configs: Path, build: Build, results: Path) -> Path:
    """Measure every model with every classifier, print the table, write the file.

    Args:
        options: What was asked for.
        configs: Folder of the config groups.
        build: Makes a task from a config.
        results: Folder of the result.

    Returns:
        The file.
    """
    console, setting = wide_console(), setting_of(options)
    rows: list[CostRow] = []
    before = machine()
    for model in options.model:
        console.print(f"measuring {model} with {', '.join(options.classifier)}")
        parts, shape = built(options, configs, build, model)
        rows += compare(model, parts, labelled_batch(*shape), setting)
    title = _title(shape, setting, before)
    console.print(table(rows, title))
    file = results / f"{options.name or default_name(options, setting, shape)}.json"
    write_json(
        file,
        {
            **stamp(before),
            "shape": shape._asdict(),
            "setting": {**setting._asdict(), "device": str(setting.device)},
            "overrides": options.overrides,
            "rows": [as_json(row, base_of(row, rows)) for row in rows],
        },
    )
    console.print(f"written: {file}", soft_wrap=True)
    return file


def check_syncs(options: Options, configs: Path, build: Build) -> None:
    """Look for host synchronisation in the training steps of every model and classifier.

    Raises:
        ValueError: If there is one.
    """
    console, setting = wide_console(), setting_of(options)
    on_gpu = setting.device.type == "cuda"
    check = check_gpu if on_gpu else check_values
    way = "50 steps on the GPU" if on_gpu else "forward, losses and backward without values"
    for model in options.model:
        parts, shape = built(options, configs, build, model)
        for name, part in parts.items():
            subject = place(part, labelled_batch(*shape), setting)
            subject.model.train()
            check(subject)
            console.print(f"{model} {name}: no host synchronisation ({way})")


def wide_console() -> Console:
    """A console of at least the minimum width: a terminal that wraps is better than cut numbers."""
    console = Console(highlight=False)
    return Console(highlight=False, width=max(console.width, MINIMUM_WIDTH))


def setting_of(options: Options) -> Setting:
    """The conditions, with ``auto`` resolved; sets the number of threads.

    Raises:
        ValueError: If the device is not available.
    """
    name = options.device
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.partition(":")[0] not in ("cpu", "cuda"):
        raise ValueError(f"device must be auto, cpu, cuda or cuda:NUMBER, not {name!r}")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f"device={name} needs a GPU, and torch finds none; use device=cpu")
    device = torch.device(name)
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    half = options.precision == "bf16" or (options.precision == "auto" and device.type == "cuda")
    return Setting(device, half, options.compile, options.channels_last, options.repeats)


def built(
    options: Options, configs: Path, build: Build, model: str
) -> tuple[dict[str, Parts], Shape]:
    """One model with every classifier, from the same seed, and the shape of their batch."""
    parts, setting = {}, setting_of(options)
    precision = "bf16-mixed" if setting.half else "32-true"
    for classifier in options.classifier:
        cfg = composed(options, configs, model, classifier)
        torch.manual_seed(0)
        task = build(cfg)
        choose_kernel(task.objective, cfg.data.num_classes, setting.device, precision)
        parts[classifier] = Parts(task.model, task.objective, partial(_optimizer, task))
    height, width = cfg.data.crop
    return parts, Shape(cfg.data.batch_size, height, width, cfg.data.num_classes)


def _optimizer(task: Trainable) -> Optimizer:
    return task.configure_optimizers()["optimizer"]


def composed(options: Options, configs: Path, model: str, classifier: str) -> DictConfig:
    """The config of a training, with the shape of the options and random weights."""
    wanted = {
        "data.num_classes": options.num_classes,
        "data.batch_size": options.batch,
        "data.crop": options.size and [options.size, options.size],
    }
    overrides = [
        f"data={options.data}",
        f"model={model}",
        f"classifier={classifier}",
        "data.pretrained=false",
        *[f"{key}={value}" for key, value in wanted.items() if value is not None],
        *options.overrides,
    ]
    with initialize_config_dir(str(configs.resolve()), version_base="1.3"):
        return compose("train", overrides)


def stamp(hardware: dict[str, Any]) -> dict[str, Any]:
    """Date, command, versions and hardware of a measurement."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["python", *map(_without_folders, sys.orig_argv[1:])]),
        "software": provenance(),
        "machine": hardware,
        "busy": was_busy(),
    }


def _without_folders(word: str) -> str:
    """A word whose absolute path is only its name: stored results hold no path of a machine."""
    key, equals, value = word.rpartition("=")
    return f"{key}{equals}{Path(value).name}" if Path(value).is_absolute() else word


def default_name(options: Options, setting: Setting, shape: Shape) -> str:
    """A file name that names the measurement."""
    half = "-bf16" if setting.half else ""
    size = f"{shape.height}x{shape.width}-b{shape.images}-k{shape.num_classes}"
    compiled = "-compiled" if setting.compiled else ""
    return f"{'+'.join(options.model)}-{size}-{setting.device.type}{half}{compiled}"


def _title(shape: Shape, setting: Setting, facts: dict[str, Any]) -> str:
    where = facts["gpu"] if setting.device.type == "cuda" else facts["processor"]
    ways = {
        "bf16": setting.half,
        "compiled": setting.compiled,
        "channels-last": setting.channels_last,
    }
    return (
        f"{shape.images} images of {shape.height}x{shape.width}, {shape.num_classes} classes; "
        f"{where}, {facts['threads']} threads; {', '.join(way for way, on in ways.items() if on)}; "
        f"medians of {setting.repeats} alternating rounds; GMAC: one image"
    )
