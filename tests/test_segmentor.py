from functools import partial

import pytest
import torch
from torch import nn

from segadapt.analysis.cost.parameters import count_parameters
from segadapt.classifiers.base import Classifier
from segadapt.classifiers.cac import CACClassifier
from segadapt.classifiers.fixed import FixedClassifier
from segadapt.classifiers.ssa import SSAClassifier
from segadapt.evaluation.network import drop_unread_teacher
from segadapt.losses.cross_entropy import CrossEntropy
from segadapt.losses.objective import Objective
from segadapt.losses.supervised import Supervised
from segadapt.models.interfaces import FeatureGenerator, Features
from segadapt.segmentor import Segmentor, without_teacher
from segadapt.structures import Branch, Prediction


class Bare(Classifier):
    """What a first classifier of one's own looks like."""

    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.score = nn.Conv2d(in_channels, num_classes, 1)

    def forward(self, features, target=None):
        return Prediction(Branch(self.score(features)))


class Wrapper(Classifier):
    """One that leaves the work to another."""

    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.inner = CACClassifier(in_channels, num_classes)

    def forward(self, features, target=None):
        return self.inner(features, target)


CLASSIFIERS = [FixedClassifier, CACClassifier, SSAClassifier, Bare, Wrapper]


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


def test_the_teacher_sees_the_labels_by_the_classifiers_rule():
    classifier = partial(CACClassifier, dropout=0.0, cell_label="center")
    model = Segmentor(_Generator(), classifier, 3).eval()
    image, mask = torch.randn(2, 3, 8, 12), torch.randint(0, 3, (2, 8, 12))
    centers = mask[:, 2::4, 2::4]
    expected = model.classifier(model.generator(image).pixels, centers).teacher.logits
    assert torch.equal(model(image, mask).teacher.logits, expected)
    assert torch.equal(model.targets(mask, (2, 3)), centers)


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
    assert set(student.state_dict()) == {n for n in names if "teacher" not in n}
    kept = [*student.classifier.parameters(), *student.generator.body.parameters()]
    assert count_parameters(model).deployed == sum(parameter.numel() for parameter in kept)


@pytest.mark.parametrize(("weights", "kept"), [({"teacher": 0}, False), ({"teacher": 1}, True)])
def test_the_teacher_of_a_wrapped_classifier_is_removed_where_no_loss_reads_it(weights, kept):
    model = Segmentor(_Generator(), Wrapper, 3)
    terms = {name: Supervised(name, [CrossEntropy()]) for name in ("student", "teacher")}
    drop_unread_teacher(model, Objective(terms, {"student": 1, **weights}), 3)
    assert (model.classifier.inner.teacher is not None) is kept
