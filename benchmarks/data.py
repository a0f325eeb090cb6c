"""Images per second that one core loads for training, compared with a plain pipeline.

Run it by ``segadapt benchmark data [repeats=5] [images=8]``.

Pipelines take turns on the same generated JPEGs and label PNGs, each on one core:

* straightforward: decodes all, resizes all, crops and distorts, with NumPy and OpenCV (reference/).
* same kernels: this package's steps one after the other, so that only the order differs from ours.
* ours: the loader of a training, with every check of files and labels.
* reduced decoding: ours with data.reduced_decoding=true, where images are much larger than crops.

The time for loading a batch is compared with a training step of the smallest network on the same
core, where its share is largest. (CPU times; on a GPU, a step is shorter and processes load the
batches meanwhile.)
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import torch
from benchmarks.harness.comparison import place
from benchmarks.harness.goals import Goal, numbers_of, publish
from benchmarks.harness.measure import built, setting_of
from benchmarks.harness.options import CONFIGS, Options
from benchmarks.harness.presentation import timing
from benchmarks.harness.scenes import labelled_batch
from benchmarks.reference.pipeline import loaded
from jaxtyping import UInt8

from segadapt.analysis.cost.timing import Timing, alternate, ratio, seconds, spread
from segadapt.data.dataset import Transform
from segadapt.data.datasets.folder import Folder
from segadapt.data.transforms.albumentations_import import albumentations as A
from segadapt.data.transforms.crop import CatMaxRatioCrop
from segadapt.data.transforms.normalization import MEAN, STD
from segadapt.data.transforms.photometric import PhotometricDistortion
from segadapt.data.transforms.pipelines import Output, TrainTransform
from segadapt.data.transforms.resize import RandomRatioResize
from segadapt.experiment import build_task
from segadapt.structures import IGNORE

CLASSES: Final = 19
MODEL: Final = "tiny"
BATCH: Final = 2
"""Images of the training step that loading is compared with."""


class Case(NamedTuple):
    """Images of one size, and the recipe for them."""

    size: tuple[int, int]
    crop: tuple[int, int]
    scale: tuple[int, int]
    photographs: bool = False
    """Whether images are so large that most are resized to less than half."""


CASES: Final[Mapping[str, Case]] = {
    "2048x1024": Case((1024, 2048), (512, 1024), (2048, 1024)),
    "683x512": Case((512, 683), (512, 512), (2048, 512)),
    "2400x1800": Case((1800, 2400), (512, 512), (2048, 512), photographs=True),
}
"""Sizes of Cityscapes, of ADE20K and COCO-Stuff, and of a user's photographs."""


def main(arguments: Sequence[str]) -> None:
    """Compare the pipelines for each size, and ours with a training step."""
    repeats, images = numbers_of(arguments, repeats=5, images=8)
    torch.set_num_threads(1)
    cv2.setNumThreads(0)  # as in loader processes
    goals: list[Goal] = []
    details: dict[str, Any] = {}
    for name, case in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), case, images)
            readings = alternate(pipelines(Path(folder), case), repeats, warm_up=1)
        goals += judged(name, readings, images)
        details[name] = {
            way: timing(times, readings["straightforward"]) for way, times in readings.items()
        }
        for way, times in readings.items():
            print(f"{name}: {way}: {images / median(times):.1f} images per second and core")
        details[name]["step"] = step_beside(name, case, median(readings["ours"]) / images)
    title = (
        f"training samples from JPEG and PNG files, one core; medians of {repeats} alternating "
        f"rounds of {images} images"
    )
    publish("data", title, goals, {"images": images, "cases": details})


def median(readings: Sequence[Timing]) -> float:
    """CPU seconds of a round."""
    return spread(seconds(readings, "cpu")).median


def judged(name: str, readings: Mapping[str, Sequence[Timing]], images: int) -> list[Goal]:
    """Ratio of images per second to the plain pipeline."""
    goals = []
    for way, goal in (("straightforward", 1.5), ("same kernels", 1.0)):
        for kind in Timing._fields:
            times = ratio(seconds(readings[way], kind), seconds(readings["ours"], kind)).median
            goals.append(Goal(f"{name}: ours / {way}, {kind} time", times, goal, at_least=True))
    return goals


def pipelines(root: Path, case: Case) -> dict[str, Callable[[], object]]:
    """Each loads all images once; every call draws anew."""
    names = [f"class {k}" for k in range(CLASSES)]
    ours = Folder(root, "train", TrainTransform(case.crop, case.scale), names, root)
    stepwise = Folder(root, "train", Stepwise(case), names, root)
    draw = np.random.default_rng(0)

    def straightforward() -> None:
        for pair in ours.files:
            loaded(*pair, case.crop, case.scale, draw)

    actions: dict[str, Callable[[], object]] = {
        "straightforward": straightforward,
        "same kernels": partial(every, stepwise, iter(range(0, 10**9, len(stepwise)))),
        "ours": partial(every, ours, iter(range(0, 10**9, len(ours)))),
    }
    if case.photographs:
        transform = TrainTransform(case.crop, case.scale, reduced_decoding=True)
        reduced = Folder(root, "train", transform, names, root)
        actions["reduced decoding"] = partial(every, reduced, iter(range(0, 10**9, len(reduced))))
    return actions


def every(dataset: Folder, starts: Any) -> None:
    """Load all items, with the sample numbers that follow the last ones."""
    start = next(starts)
    for item in range(len(dataset)):
        dataset[(start + item, item)]


class Stepwise(Transform):
    """This package's steps, each on the whole result of the one before.

    Args:
        case: The recipe.
    """

    def __init__(self, case: Case) -> None:
        self.compose = A.Compose(
            [
                RandomRatioResize(case.scale),
                CatMaxRatioCrop(case.crop),
                A.HorizontalFlip(p=0.5),
                PhotometricDistortion(),
                A.Normalize(MEAN, STD),
                A.PadIfNeeded(*case.crop, position="top_left", fill=0, fill_mask=IGNORE),
            ]
        )

    def __call__(
        self,
        image: UInt8[np.ndarray, "h w 3"],
        mask: UInt8[np.ndarray, "h w"],
        generator: np.random.Generator,
    ) -> Output:
        self.compose.set_random_seed(int(generator.integers(2**31)))
        augmented = self.compose(image=image, mask=mask)
        pixels = np.ascontiguousarray(augmented["image"].transpose(2, 0, 1))
        return torch.from_numpy(pixels), torch.from_numpy(augmented["mask"])


def write(root: Path, case: Case, images: int) -> None:
    """Generated scenes: patches with curved borders, shaded and noisy."""
    for name in ("images", "labels"):
        (root / "train" / name).mkdir(parents=True)
    for i in range(images):
        image, label = scene(case.size, np.random.default_rng(i))
        quality = [cv2.IMWRITE_JPEG_QUALITY, 90]
        cv2.imwrite(str(root / "train/images" / f"{i}.jpg"), image, quality)
        cv2.imwrite(str(root / "train/labels" / f"{i}.png"), label)


def scene(
    size: tuple[int, int], draw: np.random.Generator
) -> tuple[UInt8[np.ndarray, "h w 3"], UInt8[np.ndarray, "h w"]]:
    """An image and its label."""
    height, width = size
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    patches = draw.integers(CLASSES, size=(6, 9), dtype=np.uint8)
    across = columns / width * 8 + 0.3 * np.sin(rows / 31 + draw.uniform(0, 6))
    down = rows / height * 5 + 0.3 * np.sin(columns / 43 + draw.uniform(0, 6))
    label = cv2.remap(patches, across, down, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    colours = draw.integers(40, 216, size=(CLASSES, 3))
    coarse = draw.normal(0, 18, (height // 8 + 1, width // 8 + 1, 3)).astype(np.float32)
    texture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    noise = draw.normal(0, 3, (height, width, 3))
    return (colours[label] + texture + noise).clip(0, 255).astype(np.uint8), label


def step_beside(name: str, case: Case, per_image: float) -> dict[str, float]:
    """CPU seconds of a training step and of loading its batch, and their ratio."""
    options = Options(
        classifier=("ssa",), device="cpu", size=512, batch=BATCH, num_classes=CLASSES, threads=1
    )
    parts, _ = built(options, CONFIGS, build_task, MODEL)
    batch = labelled_batch(BATCH, *case.crop, CLASSES)
    subject = place(parts["ssa"], batch, setting_of(options))
    subject.model.train()
    step = median(alternate({"step": subject.train_step}, 3, warm_up=1)["step"])
    share = BATCH * per_image / step
    print(f"{name}: loading {BATCH} images takes {100 * share:.1f} % of a step of {MODEL} with ssa")
    return {"step": step, "loading": BATCH * per_image, "share": share}
