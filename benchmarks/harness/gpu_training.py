"""Parts of the GPU benchmark: real trainings, the loader, and the tests that need a GPU."""

import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import lightning as L
from benchmarks.harness.goals import Goal
from benchmarks.harness.gpu_context import ROOT, Context
from hydra import compose, initialize_config_dir

from segadapt.cli.hydra_command import CONF
from segadapt.experiment import build_data
from segadapt.runs.overrides import override

CAMVID: Final = "{} does not contain CamVid; pass camvid=FOLDER"
SAMPLES: Final = 3000
"""Number of images that are loaded while the loader is timed."""

RANDOM: Final = ("model=upernet_swin",)
PRETRAINED: Final = (
    "model=tiny",
    "model/encoder=mobilenetv2_d8",
    "model.encoder.output_stride=null",
    "model.encoder.rewrite=null",
)
TRIED: Final = ("model=tiny",)
"""Overrides for trying the command on a CPU."""


def loader(context: Context) -> None:
    """Training images per second that the loader's processes prepare, without a network."""
    cores = len(os.sched_getaffinity(0))
    workers = 1 if context.small else cores
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("train", [*camvid(context), f"data.num_workers={workers}"])
    module = build_data(config)
    accelerator = "cpu" if context.small else "gpu"
    module.trainer = L.Trainer(
        accelerator=accelerator, devices=1, max_steps=config.data.steps, logger=False
    )
    batches = iter(module.train_dataloader())
    size = len(next(batches).mask)  # the processes have started
    number = 2 if context.small else SAMPLES // size
    start = time.perf_counter()
    for _ in range(number):
        next(batches)
    rate = number * size / (time.perf_counter() - start)
    context.keep([], loader={"images/s": rate, "processes": workers, "cores": cores})


def camvid(context: Context) -> list[str]:
    """Overrides that select CamVid.

    Raises:
        ValueError: If the folder does not contain it.
    """
    if not (context.camvid / "train").is_dir():
        raise ValueError(CAMVID.format(context.camvid))
    size = "[64,64]" if context.small else "[360,480]"
    return [
        "data=camvid",
        override("data.root", context.camvid),
        "data.pretrained=false",
        f"data.crop={size}",
    ]


def trainings(context: Context) -> None:
    """Train SSA on CamVid from random weights and from ImageNet's, to see whether mIoU rises.

    Raises:
        ValueError: If a training has validated fewer than two times.
    """
    weights = [*PRETRAINED, f"model.encoder.weights={context.weights}"]
    cases = {"UPerNet Swin-T, random weights": RANDOM, "MobileNetV2, ImageNet weights": weights}
    if context.small:
        cases = {"tiny, random weights": TRIED}
    for index, (name, words) in enumerate(cases.items()):
        seconds = max((context.left - 10) / (len(cases) - index), 1)
        curve = training(context, [*camvid(context), *words, "classifier=ssa"], seconds)
        if len(curve) < 2:
            raise ValueError(
                f"{name}: {len(curve)} validations in {seconds:.0f} s; give more minutes"
            )
        rise = curve[-1] - curve[0]
        label = f"{name}: mIoU from the first to the last validation"
        context.keep(
            [Goal(label, 100 * rise, 0.0, "points", at_least=True)], **{name: {"mIoU": curve}}
        )


def training(context: Context, words: list[str], seconds: float) -> list[float]:
    """Validation mIoU of a training that is stopped after some seconds.

    Raises:
        ValueError: If the training fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        every, steps = (2, 4) if context.small else (150, 100_000)
        command = [sys.executable, "train.py", *words, "logger=none", "optimizer=adamw_pretrained"]
        command += [f"data.steps={steps}", f"data.eval_every={every}", f"hydra.run.dir={folder}"]
        command += ["optimizer.lr=0.001", f"data.num_workers={0 if context.small else 12}"]
        command += ["trainer=cpu", "trainer.limit_val_batches=2"] if context.small else []
        try:
            child = subprocess.run(
                command, cwd=ROOT, timeout=seconds, capture_output=True, text=True, check=False
            )
            if child.returncode:
                raise ValueError(f"the training failed: {child.stderr.strip()[-500:]}")
        except subprocess.TimeoutExpired:
            pass  # it trains until its time is over
        return validations(Path(folder) / "metrics.csv")


def validations(file: Path) -> list[float]:
    """The mIoU of each validation in a metrics file; empty if the file does not exist."""
    if not file.is_file():
        return []
    with file.open(newline="") as lines:
        return [float(row["val/miou"]) for row in csv.DictReader(lines) if row.get("val/miou")]


def tests(context: Context) -> None:
    """``pytest -m gpu``: its exit code, and its last lines."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider"]
    environment = {**os.environ, "SEGADAPT_TEST_DEVICE": context.device.type}
    with tempfile.TemporaryFile("w+") as output:
        try:
            child = subprocess.run(
                [*command, *gpu_test_files()],
                cwd=ROOT,
                env=environment,
                timeout=context.left,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
            goal = Goal("pytest -m gpu: exit code", child.returncode, 0, unit="")
        except subprocess.TimeoutExpired:
            goal = Goal("pytest -m gpu: ran to its end", 0, 1, unit="", at_least=True)
        output.seek(0)
        context.keep([goal], tests=output.read().strip().splitlines()[-30:])


def gpu_test_files() -> list[str]:
    """Test modules with tests that need a GPU: collecting all others takes half a minute."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    marked = [file for file in files if "pytest.mark.gpu" in file.read_text(encoding="utf-8")]
    return [str(file.relative_to(ROOT)) for file in marked]
