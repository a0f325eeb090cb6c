"""Parts of an image scored by what was adapted to all of it."""

import pytest
import torch

from segadapt.classifiers.base import Classifier
from segadapt.classifiers.cac import CACClassifier
from segadapt.classifiers.fixed import FixedClassifier
from segadapt.classifiers.ssa import SSAClassifier
from segadapt.structures import IGNORE, Branch, Prediction

CLASSIFIERS = {
    "fixed": lambda: FixedClassifier(8, 5),
    "cac": lambda: CACClassifier(8, 5),
    "cac, dot": lambda: CACClassifier(8, 5, score="dot", coarse_score="cosine"),
    "ssa": lambda: SSAClassifier(8, 5),
    "ssa, semantic": lambda: SSAClassifier(8, 5, spatial=False),
    "ssa, spatial": lambda: SSAClassifier(8, 5, semantic=False, mix=False),
}


@pytest.fixture(params=CLASSIFIERS)
def classifier(request):
    return CLASSIFIERS[request.param]().eval()


def seen():
    features, target = torch.randn(2, 8, 9, 12), torch.randint(5, (2, 9, 12))
    target[:, 0] = IGNORE
    return features, target


def branches(prediction):
    return [branch for branch in prediction[:3] if branch is not None]


@torch.no_grad()
def test_the_whole_image_is_scored_as_before(classifier):
    features, target = seen()
    expected = classifier(features, target)
    found = classifier.reuse(features, expected)
    assert len(branches(found)) == len(branches(expected))
    for mine, theirs in zip(branches(found), branches(expected), strict=True):
        torch.testing.assert_close(mine.logits, theirs.logits)


@torch.no_grad()
def test_a_part_is_scored_as_in_the_whole(classifier):
    """But for a cell at its edges, where the encoding of positions (3 x 3) sees less."""
    features, target = seen()
    expected = classifier(features, target)
    found = classifier.reuse(features[:, :, 2:8, 3:10], expected)
    for mine, theirs in zip(branches(found), branches(expected), strict=True):
        torch.testing.assert_close(mine.logits[:, :, 1:-1, 1:-1], theirs.logits[:, :, 3:7, 4:9])


@torch.no_grad()
def test_another_context_gives_other_scores():
    for classifier in (CACClassifier(8, 5).eval(), SSAClassifier(8, 5).eval()):
        features, _ = seen()
        alone, other = classifier(features), classifier(torch.randn(2, 8, 9, 12))
        found = classifier.reuse(features, other)
        assert not torch.allclose(found.student.logits, alone.student.logits)
        torch.testing.assert_close(found.coarse.logits, alone.coarse.logits)
        assert found.teacher is None


def test_a_classifier_that_cannot_says_so():
    class Other(Classifier):
        def forward(self, features, target=None):
            return Prediction(Branch(features))

    features = torch.zeros(1, 8, 2, 2)
    with pytest.raises(ValueError, match="Other cannot use one adaptation for several windows"):
        Other().reuse(features, Other()(features))


@pytest.mark.parametrize("position", ["sinusoidal", "learnable"])
def test_positions_in_the_image_are_refused_in_windows(position):
    classifier = SSAClassifier(8, 5, position=position).eval()
    features, _ = seen()
    with pytest.raises(ValueError, match=r"set inference.context=window"):
        classifier.reuse(features, classifier(features))
    SSAClassifier(8, 5, position=position, spatial=False).reuse(features, classifier(features))
