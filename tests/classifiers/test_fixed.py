import contract
import pytest
import torch
from torch.nn import functional as F

from segadapt.classifiers.fixed import FixedClassifier


def test_scores_are_those_of_the_convolution_on_dropped_features():
    classifier = FixedClassifier(6, 3, dropout=0.5)
    torch.nn.init.normal_(classifier.score.bias)
    features = torch.randn(2, 6, 4, 5, requires_grad=True)
    torch.manual_seed(3)
    ours = classifier(features).student.logits
    torch.manual_seed(3)
    theirs = classifier.score(classifier.dropout(features))
    torch.testing.assert_close(ours, theirs)

    weight = torch.randn_like(ours)
    inputs = [features, *classifier.parameters()]
    torch.testing.assert_close(
        torch.autograd.grad((weight * ours).sum(), inputs),
        torch.autograd.grad((weight * theirs).sum(), inputs),
    )


def test_evaluation_drops_nothing():
    classifier = FixedClassifier(6, 3, dropout=0.9).eval()
    features = torch.randn(2, 6, 4, 5)
    torch.testing.assert_close(classifier(features).student.logits, classifier.score(features))


def test_cosine_scores_have_no_bias_and_are_those_of_torch():
    classifier = FixedClassifier(6, 3, dropout=0.5, score="cosine", tau=7.0)
    features = torch.randn(2, 6, 4, 5)
    torch.manual_seed(3)
    logits = classifier(features).student.logits
    torch.manual_seed(3)
    dropped = classifier.dropout(features)
    weight = classifier.score.weight[None, :, :, 0, 0, None, None]
    expected = 7 * F.cosine_similarity(dropped[:, None], weight, dim=2)
    torch.testing.assert_close(logits, expected, rtol=1e-5, atol=1e-5)
    assert classifier.score.bias is None


def test_only_a_student_comes_out_with_or_without_labels():
    classifier = FixedClassifier(4, 3)
    prediction = classifier(torch.randn(1, 4, 2, 2), torch.zeros(1, 2, 2, dtype=torch.long))
    assert [x is None for x in prediction] == [False, True, True, True, True]


def test_weights_start_as_released():
    torch.manual_seed(0)
    score = FixedClassifier(512, 150).score
    assert score.weight.std().item() == pytest.approx(0.01, rel=0.02)
    assert score.bias.abs().max() == 0


@pytest.mark.parametrize("case", contract.awkward_inputs())
@pytest.mark.parametrize("score", ["dot", "cosine"])
def test_awkward_inputs_train_with_finite_numbers(case, score):
    features, target = contract.awkward_inputs()[case]
    contract.assert_finite_training(FixedClassifier(4, 3, score=score), features, target)


def test_logits_are_channels_last():
    logits = FixedClassifier(4, 3)(torch.randn(2, 4, 3, 5)).student.logits
    assert logits.is_contiguous(memory_format=torch.channels_last)


def test_an_unknown_score_is_refused():
    with pytest.raises(ValueError, match=r"Unknown classifier\.\w+ '\w+'\. Available: dot, cosine"):
        FixedClassifier(4, 3, score="euclid")
