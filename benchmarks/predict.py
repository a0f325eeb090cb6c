"""Overhead of reading, painting and writing over the forward passes of ``segadapt predict``.

Run it by ``segadapt benchmark predict run=RUN images=FOLDER [count=200] [repeats=3] [threads=2]``.
"""

import io
import shutil
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch
from benchmarks.harness.goals import Goal, numbers_of, publish
from benchmarks.harness.presentation import timing
from rich.console import Console

import segadapt
from segadapt.analysis.cost.timing import Action, Timing, alternate, cpu_clock, ratio, seconds
from segadapt.cli.places import CONF
from segadapt.cli.words import read_words
from segadapt.deployment.inputs.images import read_one
from segadapt.deployment.inputs.sources import found_images
from segadapt.deployment.prediction_files.predict_command import predict_command

NEEDED: Final = ("run", "images")


def main(arguments: Sequence[str]) -> None:
    """Time both in turns, in this process.

    Raises:
        ValueError: If ``run=`` or ``images=`` is missing.
    """
    places = {key: text for key, _, text in (word.partition("=") for word in arguments)}
    if lacking := [key for key in NEEDED if key not in places]:
        raise ValueError(f"{lacking[0]}= is missing; pass run=RUN images=FOLDER")
    rest = [word for word in arguments if word.partition("=")[0] not in NEEDED]
    count, repeats, threads = numbers_of(rest, count=200, repeats=3, threads=2)
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        files = [image.file for image in found_images(places["images"], Path(folder))][:count]
        listing = Path(folder) / "list.txt"
        listing.write_text("\n".join(str(file.resolve()) for file in files))
        words = [f"run={places['run']}", f"images={listing}", f"out={folder}/out", "device=cpu"]
        actions: dict[str, Action] = {
            "forward passes": partial(forward, passes(places["run"], files)),
            "predict": partial(predict, words, Path(folder) / "out"),
        }
        readings = alternate(actions, repeats, cpu_clock, warm_up=1)
    both = readings["predict"], readings["forward passes"]
    goals = [
        Goal(
            f"segadapt predict / forward passes alone, {kind} time",
            ratio(*(seconds(times, kind) for times in both)).median,
            1.15,
        )
        for kind in Timing._fields
    ]
    height, width = read_one(files[0]).pixels.shape[:2]
    title = (
        f"{len(files)} images of {height} x {width} on the CPU, {threads} threads; label files and "
        f"overlays; median of {repeats} alternating rounds"
    )
    details = {name: timing(times, None) for name, times in readings.items()}
    publish("predict", title, goals, {"count": len(files), "threads": threads, **details})


def passes(run: str, files: Sequence[Path]) -> list[tuple[Any, torch.Tensor]]:
    """A network and each of the images, read and normalised beforehand."""
    model = segadapt.load(run, device="cpu", precision="32-true")
    predictor = model.predictor()
    generator: Any = predictor.network.generator
    inputs = [
        generator.normalised(
            torch.from_numpy(predictor.resized(read_one(file).pixels)).permute(2, 0, 1)[None]
        )
        for file in files
    ]
    return [(model.trained.network, image) for image in inputs]


@torch.no_grad()
def forward(work: Sequence[tuple[Any, torch.Tensor]]) -> None:
    """Every image through the network, up to the scores on the feature grid."""
    for network, image in work:
        network(image)


def predict(words: Sequence[str], out: Path) -> None:
    """The whole command, from loading the run to the last file."""
    shutil.rmtree(out, ignore_errors=True)
    options = read_words(words, CONF / "predict.yaml")
    if predict_command(options, {}, Console(file=io.StringIO())):
        raise RuntimeError("images were skipped")
