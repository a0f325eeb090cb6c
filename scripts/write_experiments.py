"""Write the experiments of CAC Table 1 and SSA Tables 1 and 2: python scripts/write_experiments.py.

One file of conf/experiment/ for each printed mIoU, from tests/fixtures/paper_tables: the papers'
tables, the READMEs of the releases, and the recipes that their configurations resolve to. A test
compares the files.
"""

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from segadapt.cli.shell import answer

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # scripts/ is not installed

from scripts.papers.differences import differences  # noqa: E402
from scripts.papers.printed import Experiment, Record, experiments  # noqa: E402

EXPERIMENTS: Final = ROOT / "conf" / "experiment"

Line = tuple[str, str]
"""A line of YAML and its comment."""


def files() -> dict[str, str]:
    """Names of experiments and their YAML."""
    return {experiment.name: text(experiment) for experiment in experiments()}


def text(experiment: Experiment) -> str:
    """The YAML of an experiment."""
    lines = ["# @package _global_"]
    for paragraph in heading(experiment):
        lines += textwrap.wrap(paragraph, 100, initial_indent="# ", subsequent_indent="#   ")
    settings = [*defaults(experiment), *published(experiment), *changed(experiment)]
    lines += [f"{code:29}  # {comment}" if comment else code for code, comment in settings]
    return "\n".join(lines) + "\n"


def heading(experiment: Experiment) -> Iterator[str]:
    """Description of the row, and of how our experiment differs from it."""
    row, column = experiment.printed, experiment.column
    network = " ".join(dict.fromkeys((experiment.head, row["backbone"])))
    network += f" ({row['pretraining']})" if "pretraining" in row else ""
    numbers = [f"{experiment.miou} mIoU (single scale)"]
    if experiment.paper == "CAC":
        numbers += [f"{row[f'{column}_miou_ms']} (multi-scale and flip)"]
        numbers += [f"{row['params_m']} M parameters"]
        numbers += [f"{row['fps_512_2080ti']} frames per second on a GeForce RTX 2080 Ti"]
    elif experiment.gflops:
        numbers += [f"{experiment.gflops} GFLOPs"]
    yield (
        f"{experiment.paper} Table {experiment.table}, {network}, {experiment.title}, "
        f"{experiment.variant}. Printed: {', '.join(numbers)}."
    )
    side = 480 if experiment.data == "pascal_context59" else 512
    yield f"{experiment.steps} steps of 16 images of {side} x {side}."
    if sentences := list(differences(experiment)):
        yield " ".join(("Differs:", *sentences))


def defaults(experiment: Experiment) -> Iterator[Line]:
    """The options that an experiment chooses."""
    classifier = experiment.variant.replace("baseline", "fixed")
    yield "defaults:", ""
    yield "  - _self_", ""
    yield f"  - override /data: {experiment.data}", ""
    yield f"  - override /model: {experiment.model}", ""
    yield f"  - override /classifier: {classifier}", ""
    if recipe(experiment).get("test_mode", "whole") != "whole":
        yield "  - override /optimizer: adamw_vit_adapter", ""  # the only one
        yield "  - override /schedule: poly_adamw", ""  # tested by windows
        yield "  - override /inference: slide", ""


def published(experiment: Experiment) -> Iterator[Line]:
    """The lines about the numbers that the paper prints."""
    row = experiment.printed
    yield "published:", ""
    yield f"  paper: {experiment.paper}", "CAC or SSA"
    yield f"  table: {experiment.table}", "number of the table"
    yield (
        f'  row: "{experiment.network} {experiment.variant}"',
        "network and classifier, as printed",
    )
    yield f"  data: {experiment.data}", "data set of the printed numbers"
    yield f"  model: {experiment.model}", "network of the printed numbers"
    yield f"  steps: {experiment.steps}", "optimiser steps"
    yield f"  miou: {experiment.miou}", "per cent, single scale"
    if experiment.paper == "CAC":
        yield f"  miou_ms: {row[f'{experiment.column}_miou_ms']}", "per cent, multi-scale and flip"
        yield f"  parameters: {row['params_m']}", "millions"
    if experiment.gflops:
        yield f"  gflops: {experiment.gflops}", "GFLOPs of one crop, as the paper counts them"


def changed(experiment: Experiment) -> Iterator[Line]:
    """Settings that differ from those of the data, the network and the classifier."""
    yield from _classifier(experiment)
    every = experiment.recipe(experiment.variant, "baseline").get("eval_interval")
    yield "data:", ""
    yield f"  steps: {experiment.steps}", "optimiser steps"
    yield (
        f"  eval_every: {every or experiment.steps // (10 if experiment.paper == 'CAC' else 20)}",
        "optimiser steps between two validations",
    )
    own = recipe(experiment)
    unknown = "32" if (experiment.paper, experiment.data) == ("SSA", "ade20k") else "no"
    if own.get("test_resize_to_multiple", unknown) == "32":
        yield "  multiple: 32", "pixels; sides of test images are rounded up to multiples of it"
    if own.get("optimizer") == "AdamW":
        yield "schedule:", ""
        yield f"  reference_steps: {experiment.steps}", "optimiser steps of the published run"
    yield from _beside_ade20k(own, recipe(experiment._replace(column="ade20k")))
    if own.get("test_mode", "whole") != "whole":
        stride = own["test_mode"].rpartition("stride=")[2].replace("x", ", ")
        yield "inference:", ""
        yield f"  stride: [{stride}]", "rows, columns between two windows, pixels"


def recipe(experiment: Experiment) -> Record:
    """The recipe of the row, or of another row of its network."""
    return experiment.recipe(experiment.variant, "baseline", "cac")


def _classifier(experiment: Experiment) -> Iterator[Line]:
    lines = []
    if recipe(experiment).get("head_dropout") == "none" and experiment.variant != "gmmseg":
        lines += [("  dropout: 0.0", "fraction of channels dropped: none, as in the release")]
    group = experiment.recipe(experiment.variant).get("samples_per_gpu", "4")
    if experiment.variant != "baseline" and group != "4":
        lines += [(f"  oracle_group: {group}", "number of images on one GPU in the release")]
    if lines:
        yield "classifier:", ""
        yield from lines


def _beside_ade20k(own: Record, ade20k: Record) -> Iterator[Line]:
    """Settings that differ from ADE20K's recipe, which is that of the network."""
    keys = ("norm_mean_rgb", "norm_std_rgb")
    if any(own.get(key) != ade20k.get(key) for key in keys):
        mean, std = (", ".join(f"{float(v) / 255:.3f}" for v in own[key].split()) for key in keys)
        yield "model:", ""
        yield "  encoder:", ""
        yield (
            f"    colors: [[{mean}], [{std}]]",
            "mean and standard deviation, fractions of white",
        )
    rate, decay = own.get("lr"), own.get("paramwise", "")
    if rate != ade20k.get("lr"):
        yield "optimizer:", ""
        yield f"  lr: {float(rate or 0):.1e}".replace("e-0", "e-"), "learning rate"
    if decay != ade20k.get("paramwise", "") and decay.startswith("layer_decay_rate="):
        yield "optimizer:", ""
        yield "  layer_decay:", ""
        yield (
            f"    rate: {decay.split(',')[0].partition('=')[2]}",
            "ratio of the learning rates of neighbouring blocks",
        )


def main() -> None:
    """Write all files."""
    for name, content in files().items():
        (EXPERIMENTS / f"{name}.yaml").write_text(content, encoding="utf-8")


if __name__ == "__main__":
    answer(main)
