import math
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from compositions import composed
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch.utils._python_dispatch import TorchDispatchMode

from segadapt.evaluation.inference.methods import (
    labels,
    labels_and_confidence,
    multiscale,
    slide,
    whole,
)
from segadapt.evaluation.inference.settings import can_use_labels, settings_of, short_name

CLASSES = 4
SIZE = (29, 37)
"""Original size; the network input has another."""


def bilinear(scores, size):
    return F.interpolate(scores, size=tuple(size), mode="bilinear", align_corners=False)


@pytest.fixture
def score():
    """A network that sees its surroundings and answers on a grid of stride 4, rounded up."""
    network = torch.nn.Conv2d(3, CLASSES, 5, padding=2).requires_grad_(False)

    def forward(image):
        rows, columns = (math.ceil(side / 4) for side in image.shape[-2:])
        scores = (
            network(image) + image.mean()
        )  # the whole view matters, as to an adaptive classifier
        return bilinear(scores, (rows, columns))

    return forward


@pytest.fixture
def image():
    return torch.randn(2, 3, 20, 26)


def test_whole_resizes_to_the_input_and_then_to_the_original(score, image):
    expected = bilinear(bilinear(score(image), (20, 26)), SIZE)
    torch.testing.assert_close(whole(score, image, SIZE), expected, atol=1e-6, rtol=1e-5)


def mmsegmentation_slide(score, image, size, window, stride, softmax=False):
    """slide_inference as mmsegmentation states it, on full maps."""
    total = torch.zeros(len(image), CLASSES, *image.shape[-2:])
    count = torch.zeros(1, 1, *image.shape[-2:])
    rows = max(image.shape[2] - window[0] + stride[0] - 1, 0) // stride[0] + 1
    columns = max(image.shape[3] - window[1] + stride[1] - 1, 0) // stride[1] + 1
    for row in range(rows):
        for column in range(columns):
            bottom = min(row * stride[0] + window[0], image.shape[2])
            right = min(column * stride[1] + window[1], image.shape[3])
            top, left = max(bottom - window[0], 0), max(right - window[1], 0)
            crop = image[:, :, top:bottom, left:right]
            scores = bilinear(score(crop), crop.shape[-2:])
            total[:, :, top:bottom, left:right] += scores.softmax(1) if softmax else scores
            count[:, :, top:bottom, left:right] += 1
    assert (count > 0).all()
    return bilinear(total / count, size)


@pytest.mark.parametrize("softmax", [False, True])
@pytest.mark.parametrize(
    ("window", "stride"),
    [([8, 12], [5, 8]), ([20, 26], [13, 17]), ([64, 8], [30, 8]), ([64, 64], [1, 1])],
    ids=["inside", "fits", "taller", "larger"],
)
def test_slide_is_mmsegmentations(score, image, window, stride, softmax):
    found = slide(score, image, SIZE, window=window, stride=stride, softmax=softmax)
    expected = mmsegmentation_slide(score, image, SIZE, window, stride, softmax)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_slide_strides_by_two_thirds_unless_told(score, image):
    found = slide(score, image, SIZE, window=[9, 12])
    assert found.equal(slide(score, image, SIZE, window=[9, 12], stride=[6, 8]))


def test_windows_may_count_less_near_their_edges(score, image):
    window, stride = [8, 12], [5, 8]
    found = slide(score, image, (20, 26), window=window, stride=stride, blend="gaussian")
    rows, columns = (torch.arange(side) - (side - 1) / 2 for side in window)
    bell = (-((rows[:, None] / (8 / 8)) ** 2) / 2 - (columns[None] / (12 / 8)) ** 2 / 2).exp()
    total, weight = torch.zeros(2, CLASSES, 20, 26), torch.zeros(20, 26)
    for top in (0, 5, 10, 12):
        for left in (0, 8, 14):
            part = image[:, :, top : top + 8, left : left + 12]
            total[..., top : top + 8, left : left + 12] += bell * bilinear(score(part), window)
            weight[top : top + 8, left : left + 12] += bell
    torch.testing.assert_close(found, total / weight, atol=1e-5, rtol=1e-4)


class Adapting:
    """Scores that depend on the brightness of what is seen."""

    def __init__(self, score):
        self.score, self.asked = score, []

    def __call__(self, view):
        return self.score(view) * view.mean()

    def within(self, image):
        self.asked.append(image)
        return lambda view: self.score(view) * image.mean()


def test_windows_may_share_one_adaptation_to_the_image(score, image):
    network = Adapting(score)
    settings = {"window": [8, 12], "stride": [5, 8]}
    found = slide(network, image, SIZE, context="global", **settings)
    expected = slide(lambda view: score(view) * image.mean(), image, SIZE, **settings)
    assert found.equal(expected)
    assert [asked is image for asked in network.asked] == [True]
    assert not found.equal(slide(network, image, SIZE, **settings))


def test_windows_of_copies_share_the_adaptation_to_their_copy(score, image):
    network = Adapting(score)
    settings = {"scales": [0.5, 1.0], "flip": True, "window": [8, 12]}
    multiscale(network, image, SIZE, context="global", **settings)
    half = bilinear(image, (10, 13))
    for asked, copy in zip(network.asked, [half, half.flip(3), image, image.flip(3)], strict=True):
        assert asked.equal(copy)


@pytest.mark.parametrize(("setting", "value"), [("blend", "cosine"), ("context", "image")])
def test_a_setting_without_such_a_value_is_refused(score, image, setting, value):
    with pytest.raises(ValueError, match=f"Unknown inference.{setting} '{value}'"):
        slide(score, image, SIZE, window=[8, 12], **{setting: value})


def test_copies_may_be_seen_by_windows(score, image):
    settings = {"window": [8, 12], "stride": [5, 8]}
    found = multiscale(score, image, SIZE, scales=[0.5, 1.5], flip=True, **settings)
    probabilities = []
    for size in ((10, 13), (30, 39)):
        copy = bilinear(image, size)
        probabilities.append(mmsegmentation_slide(score, copy, SIZE, **settings).softmax(1))
        seen = mmsegmentation_slide(score, copy.flip(3), SIZE, **settings).softmax(1)
        probabilities.append(seen.flip(3))
    expected = torch.stack(probabilities).mean(0)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("softmax", [False, True])
def test_windows_of_copies_average_scores_or_probabilities(score, image, softmax):
    settings = {"window": [8, 12], "stride": [5, 8], "softmax": softmax}
    found = multiscale(score, image, SIZE, scales=[1.0], flip=False, **settings)
    expected = slide(score, image, SIZE, **settings)
    torch.testing.assert_close(found, expected if softmax else expected.softmax(1))


def test_ways_are_described_with_all_their_settings():
    way = partial(slide, window=(8, 12), context="global")
    assert settings_of(way) == {
        "_target_": "segadapt.evaluation.inference.methods.slide",
        "window": [8, 12],
        "stride": None,
        "softmax": False,
        "blend": "uniform",
        "context": "global",
    }
    assert settings_of(whole) == {"_target_": "segadapt.evaluation.inference.methods.whole"}
    cfg = composed("inference=slide_multiscale", "data=synthetic").inference
    configured = OmegaConf.to_container(cfg, resolve=True)
    del configured["_partial_"]
    assert settings_of(instantiate(cfg)) == configured


def test_what_is_compared_has_names_of_its_own():
    windows = {"window": [8, 12], "scales": [1.0], "flip": True}
    names = {
        "whole": whole,
        "slide": partial(slide, window=[8, 12]),
        "slide-global": partial(slide, window=[8, 12], context="global"),
        "slide-gaussian": partial(slide, window=[8, 12], blend="gaussian"),
        "multiscale": partial(multiscale, scales=[1.0], flip=True),
        "multiscale-windows-global": partial(multiscale, **windows, context="global"),
    }
    assert [short_name(way) for way in names.values()] == list(names)


def test_labels_fit_a_classifier_that_adapts_once_to_the_whole_image():
    takes = {
        can_use_labels(way): way
        for way in (whole, partial(whole), partial(slide, window=[8, 8], context="global"))
    }
    assert list(takes) == [True]
    for way in (partial(slide, window=[8, 8]), partial(multiscale, scales=[1.0], flip=False)):
        assert not can_use_labels(way)


def test_the_confidence_is_that_of_the_best(score, image):
    for way in (whole, partial(slide, window=[8, 12], softmax=True)):
        scores = way(score, image, SIZE)
        probabilities = scores.softmax(1) if way is whole else scores
        label, confidence = way(score, image, SIZE, keep=labels_and_confidence).unbind(1)
        assert label.long().equal(scores.argmax(1))
        torch.testing.assert_close(confidence, probabilities.amax(1))


@pytest.mark.parametrize("flip", [False, True])
def test_multiscale_averages_probabilities_at_the_original_size(score, image, flip):
    scales = [0.5, 1.0, 1.75]
    probabilities = []
    for scale in scales:
        size = (int(20 * scale + 0.5), int(26 * scale + 0.5))
        copy = image if scale == 1 else bilinear(image, size)
        probabilities.append(bilinear(bilinear(score(copy), size), SIZE).softmax(1))
        if flip:
            seen = bilinear(bilinear(score(copy.flip(3)), size), SIZE).softmax(1)
            probabilities.append(seen.flip(3))
    found = multiscale(score, image, SIZE, scales=scales, flip=flip)
    expected = torch.stack(probabilities).mean(0)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (20, 1)])
def test_scales_leave_a_row_and_a_column_of_every_image(score, size):
    image = torch.randn(2, 3, *size)
    smaller = bilinear(image, [max(int(side * 0.1 + 0.5), 1) for side in size])
    for window in (None, [8, 12]):
        found = multiscale(score, image, SIZE, scales=[0.1], flip=False, window=window)
        expected = bilinear(bilinear(score(smaller), smaller.shape[2:]), SIZE).softmax(1)
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("way", ["whole", "slide", "multiscale", "slide_multiscale"])
def test_labels_are_the_argmax_of_the_scores(score, image, way):
    cfg = composed(f"inference={way}", "data=synthetic", "data.crop=[8,12]")
    inference = instantiate(cfg.inference)
    found = inference(score, image, SIZE, keep=labels)
    assert found.shape == (2, *SIZE)
    assert found.equal(inference(score, image, SIZE).argmax(1))


def test_branches_may_be_stacked_as_more_images(score, image):
    def twice(view):
        scores = score(view)
        return torch.cat([scores, -scores])

    found = whole(twice, image, SIZE)
    assert found[:2].equal(whole(score, image, SIZE))
    torch.testing.assert_close(found[2:], -found[:2])


class Watch(TorchDispatchMode):
    """Remembers the largest tensor that comes into being."""

    def __init__(self):
        super().__init__()
        self.largest = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            self.largest = max(self.largest, result.untyped_storage().nbytes())
        return result


BOUNDED = {
    "whole": whole,
    "slide": partial(slide, window=[512, 512], blend="gaussian"),
    "multiscale": partial(multiscale, scales=[0.5, 1.0], flip=True),
    "both": partial(multiscale, scales=[0.5, 1.0], flip=True, window=[512, 512]),
}


@pytest.mark.parametrize(
    ("side", "classes"),
    [(1024, 64), pytest.param(2560, 171, marks=pytest.mark.slow)],
    ids=["small", "2560x2560, 171 classes"],
)
@pytest.mark.parametrize(
    "way",
    [
        way if way in ("slide", "both") else pytest.param(way, marks=pytest.mark.slow)
        for way in BOUNDED
    ],
)
def test_no_scores_of_all_pixels_exist_when_labels_are_wanted(score, way, side, classes):
    """The largest tensor is the network's output, or what is returned: labels, confidences."""

    def many(view):
        return score(view)[:, :1].expand(-1, classes, -1, -1)

    image = torch.randn(1, 3, side // 2, side // 2)
    with Watch() as watch:
        BOUNDED[way](many, image, (side, side), keep=labels_and_confidence)
    output = classes * 4 * (side // 2 // 4) ** 2
    assert watch.largest <= max(8 * side**2, output)  # all scores: 4 * classes * side**2
