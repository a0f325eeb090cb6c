import math

import pytest
import torch
import torch.nn.functional as F
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from segadapt.cli import CONF
from segadapt.inference import labels, multiscale, slide, whole

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


@pytest.mark.parametrize("way", ["whole", "slide", "multiscale"])
def test_labels_are_the_argmax_of_the_scores(score, image, way):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", [f"inference={way}", "data=synthetic", "data.crop=[8,12]"])
    inference = instantiate(cfg.inference)
    found = labels(inference, score, image, SIZE)
    assert found.shape == (2, *SIZE)
    assert found.equal(inference(score, image, SIZE).argmax(1))


def test_branches_may_be_stacked_as_more_images(score, image):
    def twice(view):
        scores = score(view)
        return torch.cat([scores, -scores])

    found = whole(twice, image, SIZE)
    assert found[:2].equal(whole(score, image, SIZE))
    torch.testing.assert_close(found[2:], -found[:2])


def test_no_scores_of_all_pixels_exist_when_labels_are_wanted(score):
    image, classes, size = torch.randn(1, 3, 32, 32), 64, (1024, 1024)

    def many(view):
        return score(view).repeat(1, classes // CLASSES, 1, 1)

    sizes = []

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            result = func(*args, **(kwargs or {}))
            if isinstance(result, torch.Tensor):
                sizes.append(result.untyped_storage().nbytes())
            return result

    with Watch():
        labels(whole, many, image, size)
    assert max(sizes) <= 8 * 2**20  # the labels themselves; the scores would be 256 MiB
