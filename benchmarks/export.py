"""Cost of an adaptive classifier in an exported network: onnxruntime and eager torch.

Run it by ``segadapt benchmark export [model=upernet_swin] [size=512] [classes=150] [repeats=7]
[threads=1]``.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
import torch
from benchmarks.harness.goals import Goal, numbers_of, publish
from benchmarks.harness.measure import composed, wide_console
from benchmarks.harness.options import CONFIGS, Options
from benchmarks.harness.presentation import milliseconds, timing

from segadapt.analysis.cost.timing import (
    Action,
    Timing,
    alternate,
    cpu_clock,
    ratio,
    seconds,
    spread,
)
from segadapt.deployment.export.exported_network import ExportedNetwork, student_of
from segadapt.deployment.export.formats import check_installed, onnx_file, onnx_program, traced
from segadapt.evaluation.network import bare_model
from segadapt.text.tables import Table

CLASSIFIERS: Final = ("fixed", "cac", "ssa")
ENGINES: Final = ("onnxruntime", "eager")
GOAL: Final = 1.05
"""Largest ratio of an adaptive classifier's time to the fixed one's, in onnxruntime."""

Readings = Mapping[str, Sequence[Timing]]


def main(arguments: Sequence[str]) -> None:
    """Time every classifier in both engines in turns, in this process."""
    check_installed()
    given = [word.removeprefix("model=") for word in arguments if word.startswith("model=")]
    model = given[-1] if given else "upernet_swin"
    rest = [word for word in arguments if not word.startswith("model=")]
    size, classes, repeats, threads = numbers_of(rest, size=512, classes=150, repeats=7, threads=1)
    torch.set_num_threads(threads)
    image = np.random.default_rng(0).integers(0, 256, (1, 3, size, size), dtype=np.uint8)
    actions: dict[str, Action] = {}
    for classifier in CLASSIFIERS:
        network = built(model, classifier, size, classes)
        actions[f"{classifier} onnxruntime"] = onnx_pass(network, image, threads)
        actions[f"{classifier} eager"] = eager_pass(network, image)
    readings = alternate(actions, repeats, cpu_clock, warm_up=1)
    title = (
        f"{model}, {classes} classes, one image of {size} x {size} to labels, on the CPU, "
        f"{threads} threads; medians of {repeats} alternating rounds"
    )
    wide_console().print(times(readings, title))
    details = {name: timing(rounds, None) for name, rounds in readings.items()}
    facts = {"model": model, "size": size, "classes": classes, "threads": threads}
    publish("export", title, goals(readings), {**facts, **details})


def built(model: str, classifier: str, size: int, classes: int) -> ExportedNetwork:
    """A network with random weights, as it is exported."""
    options = Options(model=(model,), size=size, num_classes=classes)
    cfg = composed(options, CONFIGS, model, classifier)
    torch.manual_seed(0)
    return ExportedNetwork(student_of(bare_model(cfg)), "labels").eval()


def onnx_pass(network: ExportedNetwork, image: np.ndarray, threads: int) -> Callable[[], object]:
    """One pass of its ONNX file."""
    import onnxruntime

    size = (image.shape[2], image.shape[3])
    program = onnx_program(traced(network, "uint8", size, fixed=True), "labels")
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = threads
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.onnx"
        file.write_bytes(onnx_file(program, {}))
        session = onnxruntime.InferenceSession(file, settings, providers=["CPUExecutionProvider"])
    return partial(session.run, None, {"image": image})


def eager_pass(network: ExportedNetwork, image: np.ndarray) -> Callable[[], object]:
    """One pass in torch, channels-last as ``segadapt predict`` runs it."""
    network.to(memory_format=torch.channels_last)
    return partial(torch.no_grad()(network), torch.from_numpy(image))


def goals(readings: Readings) -> list[Goal]:
    """Adaptive beside fixed, in onnxruntime."""
    ratios = []
    for classifier, kind in product(CLASSIFIERS[1:], Timing._fields):
        both = (seconds(readings[f"{name} onnxruntime"], kind) for name in (classifier, "fixed"))
        what = f"{classifier} / fixed in onnxruntime, {kind} time"
        ratios.append(Goal(what, ratio(*both).median, GOAL))
    return ratios


def times(readings: Readings, title: str) -> Table:
    """Milliseconds of a pass, and their ratios to the fixed classifier in the same engine."""
    head = ["classifier engine"]
    head += [f"{kind} {unit}" for kind in ("wall", "CPU") for unit in ("ms", "/ fixed")]
    rows = []
    for engine, classifier in product(ENGINES, CLASSIFIERS):
        row = [f"{classifier} {engine}"]
        for kind in Timing._fields:
            values, base = (
                seconds(readings[f"{name} {engine}"], kind) for name in (classifier, "fixed")
            )
            row += [milliseconds(spread(values)), f"{ratio(values, base).median:.3f}"]
        rows.append(row)
    return Table(head, rows, title=title)
