import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix, jaccard_score
from torchmetrics.classification import MulticlassJaccardIndex

from segadapt.evaluation.metrics.confusion_matrix import ConfusionMatrix, count, scores
from segadapt.structures import IGNORE


def maps(num_classes=5, size=(2, 13, 17), absent=3):
    """Predictions and labels with ignored pixels; class ``absent`` is in neither."""
    prediction, mask = (torch.randint(num_classes, size) for _ in range(2))
    prediction[prediction == absent], mask[mask == absent] = 0, 1
    mask[:, :2] = IGNORE
    return prediction, mask


def test_counts_equal_a_loop_over_pixels():
    prediction, mask = maps()
    expected = np.zeros((5, 5), dtype=np.int64)
    for guess, label in zip(prediction.flatten().tolist(), mask.flatten().tolist(), strict=True):
        if label != IGNORE:
            expected[label, guess] += 1
    assert count(prediction, mask, 5).numpy().tolist() == expected.tolist()


def test_counts_equal_scikit_learns():
    prediction, mask = maps()
    valid = mask != IGNORE
    expected = confusion_matrix(mask[valid], prediction[valid], labels=range(5))
    assert count(prediction, mask.to(torch.uint8), 5).tolist() == expected.tolist()


def test_counts_add_up_over_batches_and_start_again():
    metric = ConfusionMatrix(5)
    first, second = maps(), maps(size=(1, 9, 4))
    metric.update(*first)
    metric.update(*second)
    assert metric.compute().equal(count(*first, 5) + count(*second, 5))
    metric.reset()
    metric.update(*second)
    assert metric.compute().equal(count(*second, 5))


def test_counts_pass_two_to_the_31():
    metric = ConfusionMatrix(2)
    metric.confusion += 2**40
    metric.update(torch.ones(1, 1, 1, dtype=torch.int64), torch.ones(1, 1, 1, dtype=torch.int64))
    assert metric.compute()[1, 1] == 2**40 + 1


def test_iou_equals_a_loop_over_classes():
    prediction, mask = maps()
    valid = mask != IGNORE
    found = scores(count(prediction, mask, 5))
    iou, accuracy = [], []
    for k in range(5):
        guess, label = (prediction == k) & valid, mask == k
        if (guess | label).any():
            iou.append(((guess & label).sum() / (guess | label).sum().double()).item())
            accuracy.append(((guess & label).sum() / label.sum().double()).item())
    assert found.miou == pytest.approx(np.mean(iou), abs=1e-12)
    assert found.mean_accuracy == pytest.approx(np.mean(accuracy), abs=1e-12)
    assert found.accuracy == pytest.approx(
        (prediction == mask)[valid].double().mean().item(), abs=1e-12
    )
    assert found.iou[3].isnan()
    assert found.class_accuracy[3].isnan()


def test_miou_equals_torchmetrics_and_scikit_learn():
    prediction, mask = maps()
    valid = mask != IGNORE
    theirs = MulticlassJaccardIndex(5, average="macro", ignore_index=IGNORE)
    theirs_miou = theirs(prediction, mask).item()
    classes = jaccard_score(mask[valid], prediction[valid], labels=[0, 1, 2, 4], average=None)
    counts = count(prediction, mask, 5)
    found = scores(counts)
    assert counts.equal(theirs.confmat)
    assert found.miou == pytest.approx(theirs_miou, abs=1e-7)  # torchmetrics divides in float32
    assert found.miou == pytest.approx(classes.mean(), abs=1e-9)
    assert found.iou[[0, 1, 2, 4]].numpy() == pytest.approx(classes, abs=1e-9)


def test_a_class_that_is_only_predicted_counts_as_zero():
    found = scores(torch.tensor([[3, 1], [0, 0]]))
    assert found.iou.tolist() == [0.75, 0.0]
    assert found.miou == 0.375
    assert found.mean_accuracy == 0.75


def test_nothing_labelled_has_no_score():
    prediction = torch.zeros(1, 4, 4, dtype=torch.int64)
    found = scores(count(prediction, torch.full_like(prediction, IGNORE), 3))
    assert np.isnan([found.miou, found.accuracy, found.mean_accuracy]).all()


@pytest.mark.parametrize("label", [5, 6, 7, 254])
def test_a_label_that_is_no_class_is_refused(label):
    mask = torch.tensor([[[0, IGNORE, label]]])
    with pytest.raises(ValueError, match=f"a label of {label} is outside the 5 classes"):
        count(torch.zeros_like(mask), mask, 5)


@pytest.mark.gpu
def test_counts_on_a_gpu_equal_the_cpus_without_waiting():
    prediction, mask = maps()
    there = ConfusionMatrix(5).cuda()
    on_gpu = prediction.cuda(), mask.cuda()
    torch.cuda.set_sync_debug_mode("error")
    try:
        there.update(*on_gpu)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert there.compute().cpu().equal(count(prediction, mask, 5))
