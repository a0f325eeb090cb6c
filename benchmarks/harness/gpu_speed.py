"""Steps and inference of the papers' network on the device: ratios, images per second, memory."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
import torch.nn.functional as F
from benchmarks.harness.comparison import compare, place
from benchmarks.harness.goals import Goal
from benchmarks.harness.gpu_context import Context
from benchmarks.harness.presentation import timing
from benchmarks.harness.scenes import labelled_batch
from benchmarks.harness.syncs import check_gpu, check_values
from torch import nn

from segadapt.analysis.cost.timing import Action, alternate, clock_for, ratio, seconds, spread
from segadapt.structures import IGNORE, Batch

STEP_GOALS: Final = {"cac": 1.05, "ssa": 1.08}
INFERENCE_GOAL: Final = 1.02
RATE_GOALS: Final = {False: 180.0, True: 240.0}
"""Images per second in a training with ``fixed``, eager and compiled."""

MEMORY_GOAL: Final = 24.0
SYNCED: Final = ("fixed", "cac", "ssa", "protoseg", "gmmseg")
SHAPES: Final = {"cityscapes": (512, 1024, 8, 19), "camvid": (360, 480, 8, 11)}
"""Rows, columns, images and classes."""


def syncs(context: Context) -> None:
    """50 steps of each classifier, which fail at the first operation that waits for the GPU."""
    check = check_values if context.small else check_gpu
    for name in SYNCED:
        parts = context.parts([name])[name]
        subject = place(parts, batch_of(context), context.setting())
        subject.model.train()
        try:
            check(subject)
            waits = []
        except ValueError as error:
            waits = [str(error)]
        goal = Goal(f"{name}: steps that wait for the GPU", len(waits), 0, unit="")
        context.keep([goal], **{f"{name}: waits": waits})


def eager(context: Context) -> None:
    """Training step, inference and memory of fixed, CAC and SSA side by side."""
    _steps(context, compiled=False)


def compiled(context: Context) -> None:
    """The same with generator and classifier compiled."""
    _steps(context, compiled=True)


def _steps(context: Context, compiled: bool) -> None:
    parts = context.parts(["fixed", "cac", "ssa"])
    setting = context.setting(compiled)
    rows = compare(context.shape.model, parts, batch_of(context), setting)
    way = "compiled" if compiled else "eager"
    fixed = rows[0]
    for row in rows:
        training = {"training": timing(row.training, fixed.training)}
        inference = {"inference": timing(row.inference, fixed.inference)}
        memory = row.peak_bytes / 2**30
        goals = [Goal(f"{way} {row.classifier}: peak memory", memory, MEMORY_GOAL, "GiB")]
        if row.classifier in STEP_GOALS:
            step = ratio(seconds(row.training, "wall"), seconds(fixed.training, "wall")).median
            use = ratio(seconds(row.inference, "wall"), seconds(fixed.inference, "wall")).median
            name = f"{way} {row.classifier} / fixed"
            goals.append(Goal(f"{name}: training step", step, STEP_GOALS[row.classifier]))
            goals.append(Goal(f"{name}: inference", use, INFERENCE_GOAL))
        rate = context.shape.batch / spread(seconds(row.training, "wall")).median
        goal = RATE_GOALS[compiled]
        label = f"{way} {row.classifier}: training"
        goals.append(Goal(label, rate, goal, "images/s", at_least=True))
        context.keep(goals, **{f"{way} {row.classifier}": training | inference})


def batch_of(context: Context) -> Batch:
    """The batch that the context's networks are trained on."""
    shape = context.shape
    return labelled_batch(shape.batch, shape.size, shape.size, shape.classes)


def shapes(context: Context) -> None:
    """Training steps on the shapes of Cityscapes and CamVid, which have few classes."""
    for name, (rows, columns, images, classes) in SHAPES.items():
        height, width, count = (64, 96, 2) if context.small else (rows, columns, images)
        words = [f"data.crop=[{height},{width}]", f"data.num_classes={classes}"]
        parts = context.parts(["fixed", "cac", "ssa"], words=[*words, f"data.batch_size={count}"])
        batch = labelled_batch(count, height, width, classes)
        subjects = {key: place(part, batch, context.setting()) for key, part in parts.items()}
        for subject in subjects.values():
            subject.model.train()
        actions = {key: subject.train_step for key, subject in subjects.items()}
        times = alternate(actions, context.shape.repeats, clock_for(context.device))
        _keep_ratios(context, f"{name} shape", times, STEP_GOALS)


def peers(context: Context) -> None:
    """A plain segmentation_models_pytorch network with torch's loss, beside ours with ``fixed``."""
    import segmentation_models_pytorch as smp

    shape, batch = context.shape, batch_of(context)
    encoder = "resnet18" if context.small else "resnet50"
    other = smp.DeepLabV3Plus(encoder, encoder_weights=None, classes=shape.classes)
    words = ["data.pretrained=false"]
    model = "tiny" if context.small else "deeplabv3plus_resnet50"
    ours = place(context.parts(["fixed"], model, words)["fixed"], batch, context.setting())
    ours.model.train()
    theirs = _PlainStep(other, ours.batch, ours.half)
    actions: dict[str, Action] = {"smp": theirs, "ours": ours.train_step}
    times = alternate(actions, shape.repeats, clock_for(context.device))
    step = ratio(seconds(times["ours"], "wall"), seconds(times["smp"], "wall")).median
    label = f"ours ({model}) / smp with torch's loss ({encoder}), training step"
    rates = {
        name: shape.batch / spread(seconds(rounds, "wall")).median for name, rounds in times.items()
    }
    context.keep([Goal(label, step, 1.0)], peers={"images/s": rates})


class _PlainStep:
    """The step that a user would write: forward at full resolution, cross-entropy, AdamW."""

    def __init__(self, network: nn.Module, batch: Batch, half: bool) -> None:
        device = batch.image.device
        self.network = network.to(device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self.batch, self.half = batch, half
        self.optimizer = torch.optim.AdamW(self.network.parameters(), 1e-4)

    def __call__(self) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast(self.batch.image.device.type, torch.bfloat16, enabled=self.half):
            scores = self.network(self.batch.image)
        F.cross_entropy(scores.float(), self.batch.mask, ignore_index=IGNORE).backward()
        self.optimizer.step()


def _keep_ratios(
    context: Context, label: str, times: Mapping[str, Sequence[Any]], goals: Mapping[str, float]
) -> None:
    judged = [
        Goal(
            f"{label}: {name} / fixed, training step",
            ratio(seconds(times[name], "wall"), seconds(times["fixed"], "wall")).median,
            goal,
        )
        for name, goal in goals.items()
    ]
    context.keep(judged, **{label: {name: timing(x, None) for name, x in times.items()}})
