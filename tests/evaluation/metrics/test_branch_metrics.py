import math

import cv2
import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix, jaccard_score
from torchmetrics.classification import BinaryCalibrationError, MulticlassJaccardIndex

from segadapt.evaluation.metrics.branch_metrics import (
    BranchCounts,
    BranchOutput,
    Measures,
    contour_width,
    label_bands,
)
from segadapt.structures import IGNORE

K = 5
MEASURES = Measures(trimap=(1, 3, 6), boundary=0.06, bins=7)


def images(number=3, absent=3):
    """Predictions that are often right, in regions, with ignored pixels and one class nowhere."""
    found = []
    for index in range(number):
        generator = np.random.default_rng(index)
        size = (int(generator.integers(17, 40)), int(generator.integers(17, 40)))
        rough = generator.integers(0, K, (size[0] // 5 + 1, size[1] // 6 + 1)).astype(np.uint8)
        mask = cv2.resize(rough, size[::-1], interpolation=cv2.INTER_NEAREST)
        guess = np.roll(mask, (1, 2), (0, 1))
        noise = generator.random(size) < 0.1
        guess[noise] = generator.integers(0, K, noise.sum())
        mask[mask == absent], guess[guess == absent] = 0, 1
        mask[generator.random(size) < 0.05] = IGNORE
        confidence = generator.random(size).astype(np.float32) * 0.98 + 0.01
        found.append((guess.astype(np.int64), confidence, mask.astype(np.int64)))
    return found


@pytest.fixture(scope="module")
def found():
    counts = BranchCounts(K, MEASURES)
    for guess, confidence, mask in images():
        label = torch.from_numpy(mask)[None]
        reading = BranchOutput(torch.from_numpy(guess)[None], torch.from_numpy(confidence)[None])
        counts.update(reading, label, label_bands(label, MEASURES))
    return counts.findings()


def labelled():
    """All valid pixels of all images in a row: prediction, confidence, label."""
    parts = [
        [values[mask != IGNORE] for values in (guess, confidence, mask)]
        for guess, confidence, mask in images()
    ]
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def loop_miou(pairs):
    """mmsegmentation's rule: classes that are nowhere do not count."""
    iou = []
    for k in range(K):
        intersection = sum(int(((guess == k) & (label == k)).sum()) for guess, label in pairs)
        union = sum(int(((guess == k) | (label == k)).sum()) for guess, label in pairs)
        if union:
            iou.append(intersection / union)
    return np.mean(iou)


def test_the_confusion_is_scikit_learns(found):
    guess, _, label = labelled()
    assert found.confusion.tolist() == confusion_matrix(label, guess, labels=range(K)).tolist()


def test_miou_is_that_of_the_others(found):
    guess, _, label = labelled()
    assert found.scores.miou == pytest.approx(loop_miou([(guess, label)]), abs=1e-9)
    theirs = jaccard_score(label, guess, labels=[0, 1, 2, 4], average="macro")
    assert found.scores.miou == pytest.approx(theirs, abs=1e-9)
    metric = MulticlassJaccardIndex(K, average="macro").set_dtype(torch.float64)
    metric.update(torch.from_numpy(guess), torch.from_numpy(label))
    matrix = metric.confmat.double()
    union = matrix.sum(0) + matrix.sum(1) - matrix.diag()
    assert found.scores.miou == pytest.approx(
        (matrix.diag() / union).nanmean().item(), abs=1e-9
    )  # its compute divides in single precision
    assert found.scores.miou == pytest.approx(metric.compute().item(), abs=1e-6)


def test_frequency_weighted_iou_is_scikit_learns(found):
    guess, _, label = labelled()
    theirs = jaccard_score(label, guess, average="weighted")
    assert found.scores.frequency_weighted_iou == pytest.approx(theirs, abs=1e-9)


def test_trimap_miou_is_that_of_the_pixels_near_a_border(found):
    for width in MEASURES.trimap:
        pairs = []
        for guess, _, mask in images():
            kernel = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
            label = mask.astype(np.uint8)  # OpenCV's border values change no minimum or maximum
            near = cv2.dilate(label, kernel) != cv2.erode(label, kernel)
            chosen = near & (mask != IGNORE)
            pairs.append((guess[chosen], mask[chosen]))
        assert found.trimap[width] == pytest.approx(loop_miou(pairs), abs=1e-9)


def eroded_away(mask, width):
    framed = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    kept = cv2.erode(framed, np.ones((3, 3), np.uint8), iterations=width)[1:-1, 1:-1]
    return mask & ~kept.astype(bool)


def test_boundary_iou_is_the_released_one_class_by_class(found):
    for k in range(K):
        intersection = union = 0
        for guess, _, mask in images():
            width = max(1, round(0.06 * np.sqrt(mask.shape[0] ** 2 + mask.shape[1] ** 2)))
            label = eroded_away(mask == k, width)
            predicted = eroded_away((guess == k) & (mask != IGNORE), width)
            intersection += (label & predicted).sum()
            union += (label | predicted).sum()
        if union:
            assert found.boundary_iou[k].item() == pytest.approx(intersection / union, abs=1e-9)
        else:
            assert k == 3
            assert found.boundary_iou[k].isnan()
    assert found.mean_boundary_iou == pytest.approx(
        np.nanmean(found.boundary_iou.numpy()), abs=1e-12
    )


def test_calibration_is_that_of_a_loop_and_of_torchmetrics(found):
    guess, confidence, label = labelled()
    right, exact = guess == label, confidence.astype(np.float64)
    error = 0.0
    for index in range(MEASURES.bins):
        inside = (exact > index / MEASURES.bins) & (exact <= (index + 1) / MEASURES.bins)
        assert found.calibration.pixels[index] == inside.sum()
        assert found.calibration.accuracy[index].item() == pytest.approx(
            right[inside].mean(), abs=1e-9
        )
        assert found.calibration.confidence[index].item() == pytest.approx(
            exact[inside].mean(), abs=1e-9
        )
        error += inside.mean() * abs(right[inside].mean() - exact[inside].mean())
    assert found.calibration.error == pytest.approx(error, abs=1e-9)
    theirs = BinaryCalibrationError(n_bins=MEASURES.bins)
    theirs.update(torch.from_numpy(confidence), torch.from_numpy(right).long())
    assert found.calibration.error == pytest.approx(theirs.compute().item(), abs=1e-6)


def test_full_confidence_is_in_the_last_bin():
    counts = BranchCounts(2, Measures(bins=4))
    mask = torch.zeros(1, 2, 2, dtype=torch.int64)
    counts.update(
        BranchOutput(mask, torch.tensor([[[1.0, 0.75], [0.0, 1.0]]])), mask, label_bands(mask)
    )
    assert counts.findings().calibration.pixels.tolist() == [1, 0, 1, 2]


@pytest.mark.parametrize("label", [K, K + 2])
def test_a_label_that_is_no_class_is_refused(label):
    mask = torch.full((1, 4, 4), label)
    reading = BranchOutput(torch.zeros_like(mask), torch.ones(mask.shape))
    with pytest.raises(ValueError, match=f"a label of {label} is outside the {K} classes"):
        BranchCounts(K).update(reading, mask, label_bands(mask))


@pytest.mark.parametrize("trimap", [(3, 1), (0, 2), (2, 2)])
def test_bands_must_widen(trimap):
    with pytest.raises(ValueError, match="must be integers from 1 on"):
        BranchCounts(K, Measures(trimap=trimap))


def test_contours_are_never_thinner_than_a_pixel():
    assert contour_width((4, 4), 0.02) == 1
    assert contour_width((1024, 2048), 0.02) == round(0.02 * math.sqrt(1024**2 + 2048**2))


def test_nothing_is_part_of_a_checkpoint():
    assert not BranchCounts(K).state_dict()
