"""Images with the largest gains and losses of an arm, with the predictions of two networks."""

from collections.abc import Collection

import cv2
import torch
from hydra.errors import InstantiationException

from segadapt.analysis.comparison.page.images import ImageGains, ImageView, Views
from segadapt.analysis.comparison.results import Result
from segadapt.data.drawing import Picture, occurring, painted, shown
from segadapt.data.palette import ignored_color
from segadapt.evaluation.inference.branches import branch_labels
from segadapt.evaluation.inference.settings import settings_of
from segadapt.evaluation.trained import Trained, load_trained
from segadapt.runs.config import value_at
from segadapt.runs.errors import user_message
from segadapt.runs.reader import read_run
from segadapt.runs.trust import Check
from segadapt.structures import Sample
from segadapt.text.pages import png_source

SIDE = 320
"""Largest length of a picture's longer side, in pixels."""


def views(gains: ImageGains, names: Collection[str], check: Check) -> Views:
    """Predict images with the networks of the first seed that both arms have.

    Args:
        gains: Gains of the arm by image.
        names: Names of the images.
        check: Checks unresolved configs, from which networks are built.
    """
    seed = min(gains.arm.by_seed.keys() & gains.base.by_seed.keys())
    try:
        base, arm = (_trained(arm.by_seed[seed], check) for arm in (gains.base, gains.arm))
        images = {
            sample.name: _view(sample, {gains.base.label: base, gains.arm.label: arm})
            for sample in _samples(base, names)
        }
    except (ValueError, OSError, InstantiationException) as error:
        return Views({}, f"Pictures are not shown: {user_message(error)}")
    return Views(images, f"Predictions are those of seed {seed}.")


def _trained(result: Result, check: Check) -> Trained:
    """The network of a run, if it would see images as in its report.

    Raises:
        ValueError: If checkpoint or data are missing, or the report has another inference.
    """
    split = value_at(result.report, "protocol.data.split") or "val"
    trained = load_trained(read_run(result.folder, "last", check), split)
    if settings_of(trained.inference) != result.inference:
        raise ValueError("the reports used another inference than the trainings")
    if not trained.dataset.pictures:
        raise ValueError("cached features cannot be shown as images")
    return trained


def _samples(trained: Trained, names: Collection[str]) -> list[Sample]:
    """The samples with the given names.

    Raises:
        ValueError: If the data set lacks one of them.
    """
    samples: dict[str, Sample] = {}
    for index in range(len(trained.dataset)):
        if len(samples) == len(set(names)):
            break
        sample = trained.dataset[index]
        if sample.name in names:
            samples[sample.name] = sample
    if missing := set(names) - samples.keys():
        raise ValueError(f"the data set has no image {min(missing)}")
    return list(samples.values())


@torch.no_grad()
def _view(sample: Sample, networks: dict[str, Trained]) -> ImageView:
    first = next(iter(networks.values()))
    size = (sample.mask.shape[0], sample.mask.shape[1])
    maps = {"label": sample.mask.numpy()}
    for title, trained in networks.items():
        labels = branch_labels(trained.model, trained.inference, sample.image[None], size)
        maps[title] = labels["student"][0].numpy()
    image = shown(sample.image, size, first.dataset.statistics)
    pictures = {"image": _source(image, cv2.INTER_AREA)}
    for title, label_map in maps.items():
        pictures[title] = _source(painted(label_map, first.colors), cv2.INTER_NEAREST)
    names = [*first.dataset.classes, "ignored"]
    colors = [*first.colors, ignored_color(first.colors)]
    legend = [
        (names[k], f"rgb({', '.join(map(str, colors[k]))})")
        for k in (min(label, len(names) - 1) for label in occurring(list(maps.values())))
    ]
    return ImageView(pictures, legend)


def _source(picture: Picture, interpolation: int) -> str:
    """A PNG, scaled down if it is larger than shown on the page."""
    scale = min(SIDE / max(picture.shape[:2]), 1.0)
    height, width = (max(round(side * scale), 1) for side in picture.shape[:2])
    small = cv2.resize(picture, (width, height), interpolation=interpolation)
    done, content = cv2.imencode(".png", small[..., ::-1])
    assert done
    return png_source(content.tobytes())
