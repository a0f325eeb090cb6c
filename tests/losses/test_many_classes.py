"""Three hundred classes: labels of 16 bits against numpy, and 255 is a class like any other."""

import ast
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.data import default_collate

from segadapt import structures
from segadapt.data.label_table.table import LabelTable
from segadapt.data.labels import LabelContract
from segadapt.data.transforms.pipelines import TrainTransform
from segadapt.evaluation.metrics.branch_metrics import contour_counts
from segadapt.evaluation.metrics.confusion_matrix import count, scores
from segadapt.functional.boundary import canny_edges
from segadapt.functional.masks import one_hot
from segadapt.losses.cross_entropy import CrossEntropy
from segadapt.losses.dice import Dice
from segadapt.losses.parts.fused import fused_loss
from segadapt.losses.parts.label_counts import unlabelled
from segadapt.losses.parts.pixel_weights import pixel_weights
from segadapt.structures import ignored_label

CLASSES, IGNORED = 300, 65_535


def masks(seed=0, size=(2, 24, 20)):
    draw = np.random.default_rng(seed)
    mask = draw.integers(0, CLASSES, size).astype(np.uint16)
    mask[:, :6, :6], mask[:, 8:10], mask[0, 12:14] = 255, IGNORED, 299
    return mask


def log_softmax(scores):
    peak = scores.max(1, keepdims=True)
    return scores - peak - np.log(np.exp(scores - peak).sum(1, keepdims=True))


def test_the_ignored_label_is_outside_of_the_classes():
    assert [ignored_label(k) for k in (2, 254, 255, 300, 65_534)] == [255, 255, *[IGNORED] * 3]


def test_cross_entropy_and_dice_equal_numpy():
    mask = masks()
    logits = torch.randn(2, CLASSES, 24, 20, generator=torch.Generator().manual_seed(0))
    target = torch.from_numpy(mask).long()
    wide, numbers = logits.double().numpy(), mask.astype(np.int64)
    logs, labelled = log_softmax(wide), numbers != IGNORED
    picked = np.take_along_axis(logs, np.where(labelled, numbers, 0)[:, None], 1)[:, 0]
    expected = -picked[labelled]
    for mean, value in (("valid", expected.mean()), ("all", expected.sum() / mask.size)):
        np.testing.assert_allclose(CrossEntropy(mean)(logits, target), value, rtol=1e-6)
    q, dice = 1 / (1 + np.exp(-wide)), []
    for b in range(2):
        for k in np.unique(numbers[b][labelled[b]]):
            t = numbers[b] == k
            dice.append(1 - (2 * (q[b, k] * t).sum() + 1) / (q[b, k].sum() + t.sum() + 1))
    np.testing.assert_allclose(Dice()(logits, target), np.mean(dice), rtol=1e-6)


def test_the_gradient_of_resized_scores_equals_torch():
    target = torch.from_numpy(masks()).long()
    low = torch.randn(2, CLASSES, 6, 5, generator=torch.Generator().manual_seed(1))
    gradients = []
    for compute in (
        lambda x: fused_loss([CrossEntropy("valid")], x, target),
        lambda x: torch.nn.functional.cross_entropy(
            torch.nn.functional.interpolate(x, (24, 20), mode="bilinear"),
            target,
            ignore_index=IGNORED,
        ),
    ):
        leaf = low.clone().requires_grad_()
        compute(leaf).backward()
        gradients.append(leaf.grad)
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-8)


def test_iou_equals_numpy():
    mask = masks()
    prediction = masks(3) % CLASSES
    prediction[:, ::2] = np.where(mask == IGNORED, 0, mask)[:, ::2]
    found = scores(count(torch.from_numpy(prediction).long(), torch.from_numpy(mask), CLASSES))
    valid, iou = mask != IGNORED, []
    for k in range(CLASSES):
        label, guess = (mask == k) & valid, (prediction == k) & valid
        union = (label | guess).sum()
        iou.append((label & guess).sum() / union if union else np.nan)
    np.testing.assert_allclose(found.iou.numpy(), iou, rtol=1e-12)
    np.testing.assert_allclose(found.miou, np.nanmean(iou), rtol=1e-12)
    np.testing.assert_allclose(found.accuracy, (mask == prediction)[valid].mean(), rtol=1e-12)


def test_class_255_is_counted_wherever_labels_are():
    target = torch.from_numpy(masks()).long()
    member = one_hot(target, CLASSES)
    assert member[:, 255].sum() == (masks() == 255).sum() > 0
    assert member.sum() == (masks() != IGNORED).sum()
    weight = pixel_weights(
        target,
        CLASSES,
        importance=torch.ones(target.shape),
        boundary=None,
        class_wise=True,
        all_classes=False,
        group=None,
    )
    assert ((weight > 0) == (target != IGNORED)).all()
    contours = contour_counts(target.where(target != IGNORED, 0), target, 1, CLASSES)
    assert contours[0, 255] > 0
    every = torch.full((1, 4, 4), 255)
    assert not unlabelled(every, (2, 2), "corner", CLASSES).any()
    assert unlabelled(torch.full((1, 4, 4), IGNORED), (2, 2), "corner", CLASSES).all()
    assert unlabelled(every, (2, 2), "corner", 19).all()


def test_canny_equals_opencv_where_its_gradients_fit():
    """OpenCV takes gradients of 16 bits in the place of an image of 8."""
    mask = masks(5)[0].astype(np.int64) % 300 * 9
    padded = np.pad(mask, 1, mode="edge")
    dx = np.zeros(mask.shape, dtype=np.int64)
    dy = np.zeros(mask.shape, dtype=np.int64)
    for i, smooth in ((-1, 1), (0, 2), (1, 1)):
        rows = slice(1 + i, padded.shape[0] - 1 + i)
        columns = slice(1 + i, padded.shape[1] - 1 + i)
        dx += smooth * (padded[rows, 2:] - padded[rows, :-2])
        dy += smooth * (padded[2:, columns] - padded[:-2, columns])
    assert max(abs(dx).max(), abs(dy).max()) < 2**15
    expected = cv2.Canny(dx.astype(np.int16), dy.astype(np.int16), 0.1, 0.2) > 0
    found = canny_edges(torch.from_numpy(mask)[None], 2700)[0].numpy()
    np.testing.assert_array_equal(found, expected)


def test_canny_of_the_largest_labels_does_not_overflow():
    mask = torch.zeros(1, 8, 8, dtype=torch.long)
    mask[:, 4:] = IGNORED
    expected = cv2.Canny((mask[0].numpy() > 0).astype(np.uint8), 0.1, 0.2) > 0
    np.testing.assert_array_equal(canny_edges(mask, CLASSES)[0].numpy(), expected)


def test_a_batch_keeps_16_bits_until_it_is_widened():
    table = LabelTable.consecutive(tuple(f"c{k}" for k in range(CLASSES)), ignored=(IGNORED,))
    label = LabelContract(table)(masks(size=(1, 24, 20))[0], Path("a.png"))
    transform = TrainTransform((32, 32), (24, 20), ratio_range=(1, 1), flip=0, cat_max_ratio=1)
    image = np.zeros((24, 20, 3), dtype=np.uint8)
    _, mask = transform(image, label, np.random.default_rng(0))
    batch = default_collate([mask, mask])
    assert batch.dtype == torch.uint16
    np.testing.assert_array_equal(batch[1, :24, :20].long(), label.astype(np.int64))
    assert (batch[:, 24:].long() == IGNORED).all()
    assert (batch[:, :, 20:].long() == IGNORED).all()


def test_only_parts_with_few_classes_name_255_themselves():
    """All others ask :func:`ignored_label`, so that class 255 of many is never taken for it."""
    source = Path(structures.__file__).parent
    naming = {
        file.relative_to(source).as_posix()
        for file in source.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Name) and node.id == "IGNORE"
    }
    assert naming == {
        "structures.py",
        "data/datasets/ade20k_full.py",  # what data.ignored is where nobody sets it
        "data/datasets/digits_scenes.py",  # 10 digits
        "data/datasets/folder.py",  # what data.ignored is where nobody sets it
        "data/imports/writing.py",  # files of 8 bits
        "data/label_table/choice.py",  # the same
    }
