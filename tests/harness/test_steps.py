import copy

import pytest
import torch
import torch.nn.functional as F
from benchmarks.harness.scenes import labelled_batch
from benchmarks.harness.steps import Parts, Subject
from benchmarks.harness.syncs import check_values
from small import WithAuxiliary
from torch import nn

from segadapt.classifiers.fixed import FixedClassifier
from segadapt.losses.objective import Objective
from segadapt.segmentor import Segmentor


class CrossEntropy(nn.Module):
    def forward(self, prediction, mask):
        logits = F.interpolate(prediction.student.logits, mask.shape[-2:], mode="bilinear")
        return F.cross_entropy(logits, mask, ignore_index=255)


class Reads(CrossEntropy):
    """Waits for the device, as a loop over the classes that are present does."""

    def forward(self, prediction, mask):
        return super().forward(prediction, mask) * len(mask.unique())


def subject(term=CrossEntropy, half=False):
    model = Segmentor(WithAuxiliary(), FixedClassifier, 5)
    model.classifier.dropout.p = 0.0
    objective = Objective({"student": term()}, {"student": 1.0})
    parts = Parts(
        model, objective, lambda: torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    )
    return Subject(parts, labelled_batch(2, 16, 16, 5), half)


def test_a_step_is_a_step_of_plain_torch():
    mine = subject()
    model = copy.deepcopy(mine.model)
    loss = mine.train_step()
    expected = CrossEntropy()(model(mine.batch.image), mine.batch.mask)
    body = model.generator.body
    (gradient,) = torch.autograd.grad(expected, body.weight)
    assert loss == pytest.approx(expected.item(), rel=1e-6)
    torch.testing.assert_close(mine.model.generator.body.weight, body.weight - 0.1 * gradient)


def test_inference_is_the_best_class_of_each_pixel():
    mine = subject()
    mine.model.eval()
    logits = mine.model(mine.batch.image).student.logits
    expected = F.interpolate(logits, (16, 16), mode="bilinear").argmax(1)
    assert (mine.infer() == expected).float().mean() > 0.99  # ties of rounding apart


def test_half_precision_is_autocast():
    mine = subject(half=True)
    seen = []
    mine.model.generator.body.register_forward_hook(lambda *args: seen.append(args[2].dtype))
    mine.train_step()
    assert seen == [torch.bfloat16]


def test_what_is_held_are_parameters_momentum_and_batch():
    mine = subject()
    mine.train_step()
    numbers = sum(tensor.numel() for tensor in mine.held())
    parameters = sum(parameter.numel() for parameter in mine.model.parameters())
    unused = mine.model.generator.auxiliary.weight.numel()  # here no loss asks for it
    assert numbers == 2 * parameters - unused + mine.batch.image.numel() + mine.batch.mask.numel()


def test_a_step_without_values_passes():
    check_values(subject())


def test_reading_a_value_fails_with_the_place():
    with pytest.raises(ValueError, match=r"reads a value in losses/objective.py line \d+"):
        check_values(subject(Reads))
