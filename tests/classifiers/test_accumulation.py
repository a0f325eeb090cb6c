import pytest
import torch

from segadapt.classifiers.dnc import DNCClassifier
from segadapt.classifiers.gmmseg import GMMSegClassifier
from segadapt.classifiers.protoseg import ProtoSegClassifier
from segadapt.structures import Assignment, Branch, Prediction

CLASSIFIERS = (ProtoSegClassifier, DNCClassifier, GMMSegClassifier)


def part(prediction: Prediction, images: slice) -> Prediction:
    """What the same clustering says of some of the images."""
    cells = prediction.student.logits[0, 0].numel()
    rows = slice(images.start * cells, images.stop * cells)
    assignment = Assignment(*(tensor[rows] for tensor in prediction.assignment))
    return Prediction(Branch(prediction.student.logits[images]), assignment=assignment)


def state(classifier):
    return {name: buffer.clone() for name, buffer in classifier.named_buffers()}


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_the_parts_of_a_batch_update_as_the_whole_batch_and_once(kind):
    torch.manual_seed(1)
    classifier = kind(6, 3).train()
    features, target = torch.randn(4, 6, 8, 8), torch.randint(0, 3, (4, 8, 8))
    prediction = classifier(features, target)
    start = state(classifier)
    classifier.update(prediction)
    whole = state(classifier)
    classifier.load_state_dict(start, strict=False)
    for first in range(4):
        classifier.update(part(prediction, slice(first, first + 1)), last=first == 3)
        if first < 3:
            assert all(torch.equal(value, start[name]) for name, value in state(classifier).items())
    torch.testing.assert_close(state(classifier), whole)
    assert any(not torch.equal(value, start[name]) for name, value in whole.items())


def kept(classifier):
    """What changes with new pixels only; a mixture's means follow its memory in every step."""
    return {name: value for name, value in state(classifier).items() if not name.endswith(".mean")}


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_nothing_is_left_of_one_step_in_the_next(kind):
    classifier = kind(6, 3).train()
    features, target = torch.randn(4, 6, 8, 8), torch.randint(0, 3, (4, 8, 8))
    prediction = classifier(features, target)
    classifier.update(prediction, last=False)
    classifier.update(prediction, last=True)
    before = kept(classifier)
    nothing = prediction.assignment._replace(
        target=torch.full_like(prediction.assignment.target, -1)
    )
    classifier.update(prediction._replace(assignment=nothing))
    torch.testing.assert_close(kept(classifier), before)
