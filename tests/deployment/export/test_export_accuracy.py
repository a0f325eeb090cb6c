"""The mIoU of a file and its network is that of scikit-learn."""

import numpy as np
import pytest
import torch
from compositions import composed
from sklearn.metrics import jaccard_score

from segadapt.deployment.export.accuracy import accuracy_of
from segadapt.deployment.export.parity import reference
from segadapt.deployment.export.trial_images import Labelled
from segadapt.evaluation.network import bare_model

CLASSES = 3


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    cfg = composed("data=synthetic", "model=tiny_group", f"data.num_classes={CLASSES}")
    return bare_model(cfg).eval()


@pytest.fixture(scope="module")
def samples():
    generator = np.random.default_rng(0)
    return [
        Labelled(
            generator.integers(0, 256, (32, 40, 3), dtype=np.uint8),
            generator.choice([0, 1, 2, 255], (32, 40)).astype(np.uint8),
        )
        for _ in range(3)
    ]


def miou(masks, found):
    true, predicted = (np.concatenate([m.ravel() for m in maps]) for maps in (masks, found))
    labelled = true != 255
    values = jaccard_score(
        true[labelled], predicted[labelled], labels=range(CLASSES), average=None, zero_division=0
    )
    return np.mean(values)


def test_a_file_that_gives_labels_is_measured_beside_its_network(network, samples):
    def brightest(image):
        return image.argmax(1).astype(np.uint8)

    accuracy = accuracy_of(brightest, network, iter(samples), CLASSES, "uint8", None)
    masks = [sample.mask for sample in samples]
    run = reference(network)
    of_network = [run(one.pixels.transpose(2, 0, 1)[None].copy()).argmax(1)[0] for one in samples]
    assert accuracy.images == 3
    assert accuracy.file == pytest.approx(miou(masks, [one.pixels.argmax(2) for one in samples]))
    assert accuracy.network == pytest.approx(miou(masks, of_network))


def test_labels_of_another_size_are_compared_at_the_size_of_the_mask(network):
    half = np.zeros((16, 16), np.uint8)
    half[:, 8:] = 1
    sample = Labelled(np.zeros((32, 32, 3), np.uint8), half)

    def left_and_right(image):
        assert image.shape == (1, 3, 64, 64)
        assert image.dtype == np.float32
        answer = np.zeros((1, CLASSES, 64, 64), np.float32)
        answer[:, 1, :, 32:] = answer[:, 0, :, :32] = 1
        return answer

    accuracy = accuracy_of(left_and_right, network, [sample], CLASSES, "float", (64, 64))
    assert accuracy.file == 1


def test_class_numbers_above_255_are_compared_whole():
    cfg = composed("data=synthetic", "model=tiny_group", "data.num_classes=300")
    mask = np.full((32, 32), 280, np.uint16)
    sample = Labelled(np.zeros((32, 32, 3), np.uint8), mask)
    answer = np.full((1, 32, 32), 280, np.int32)
    accuracy = accuracy_of(lambda _: answer, bare_model(cfg).eval(), [sample], 300, "uint8", None)
    assert accuracy.file == 1.0
