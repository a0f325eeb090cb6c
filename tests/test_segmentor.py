from functools import partial

import pytest
import torch
from torch import nn

from segadapt.classifiers.cac import CACClassifier
from segadapt.classifiers.fixed import FixedClassifier
from segadapt.classifiers.ssa import SSAClassifier
from segadapt.models.interfaces import FeatureGenerator, Features
from segadapt.segmentor import Segmentor, without_teacher

CLASSIFIERS = [FixedClassifier, CACClassifier, SSAClassifier]


class _Generator(FeatureGenerator):
    """One convolution of stride 4, and a head to supervise it by."""

    def __init__(self):
        super().__init__()
        self.channels = 6
        self.body = nn.Conv2d(3, 6, 4, stride=4)
        self.head = nn.Conv2d(6, 3, 1)

    def forward(self, image, auxiliary=False):
        pixels = self.body(image)
        return Features(pixels, self.head(pixels) if auxiliary else None)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_the_network_is_the_classifier_of_the_generator(classifier):
    model = Segmentor(_Generator(), classifier, 3).eval()
    image, mask = torch.randn(2, 3, 8, 12), torch.randint(0, 3, (2, 8, 12))
    prediction = model(image, mask)
    expected = model.classifier(model.generator(image).pixels, mask[:, ::4, ::4])
    assert torch.equal(prediction.student.logits, expected.student.logits)
    if expected.teacher is not None:
        assert torch.equal(prediction.teacher.logits, expected.teacher.logits)


def test_there_is_no_teacher_without_a_mask():
    model = Segmentor(_Generator(), CACClassifier, 3)
    assert model(torch.randn(1, 3, 8, 8)).teacher is None


def test_the_mask_may_have_another_size_and_type_than_the_image():
    model = Segmentor(_Generator(), partial(CACClassifier, dropout=0.0), 3)
    image, mask = torch.randn(1, 3, 8, 8), torch.randint(0, 3, (1, 16, 32), dtype=torch.uint8)
    small = mask[:, ::8, ::16].long().repeat_interleave(4, 1).repeat_interleave(4, 2)
    ours, expected = model(image, mask).teacher.logits, model(image, small).teacher.logits
    assert torch.equal(ours, expected)


def test_auxiliary_scores_come_with_the_labels_only():
    model = Segmentor(_Generator(), FixedClassifier, 3)
    image, mask = torch.randn(1, 3, 8, 8), torch.randint(0, 3, (1, 8, 8))
    expected = model.generator(image, auxiliary=True).auxiliary
    assert torch.equal(model(image, mask).auxiliary.logits, expected)
    assert model(image).auxiliary is None


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_without_teacher_scores_the_same_and_leaves_the_original_whole(classifier):
    model = Segmentor(_Generator(), classifier, 3).eval()
    names = set(model.state_dict())
    student = without_teacher(model)
    image, mask = torch.randn(1, 3, 8, 8), torch.randint(0, 3, (1, 8, 8))
    assert torch.equal(student(image).student.logits, model(image).student.logits)
    assert student(image, mask).teacher is None
    assert set(model.state_dict()) == names
    assert set(student.state_dict()) == {n for n in names if "classifier.teacher" not in n}
