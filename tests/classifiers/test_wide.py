import contract
import pytest
import torch
from presets import preset
from torch.nn import functional as F

from segadapt.classifiers.cac import CACClassifier
from segadapt.classifiers.fixed import FixedClassifier
from segadapt.classifiers.ssa import SSAClassifier
from segadapt.classifiers.wide import WideClassifier
from segadapt.functional.masks import one_hot


def deployed(classifier):
    classifier.teacher = None
    return sum(p.numel() for p in classifier.parameters())


@pytest.mark.parametrize("channels", [32, 64, 512])
@pytest.mark.parametrize("classes", [2, 19, 150])
@pytest.mark.parametrize(("like", "name"), [(CACClassifier, "cac"), (SSAClassifier, "ssa")])
def test_parameters_are_those_of_the_deployed_classifier(like, name, channels, classes):
    with torch.device("meta"):
        options = {key: value for key, value in preset(name).items() if key != "loss"}
        other = deployed(like(channels, classes, **options))
        ours = deployed(WideClassifier(channels, classes, like=like))
    assert ours == pytest.approx(other, rel=0.01)


def test_as_wide_as_cac_are_the_projectors_widths():
    assert WideClassifier(64, 5, like=CACClassifier).refine[0].out_features == 48  # 1.5 d^2 / 2d


def test_scores_are_those_of_the_convolution_on_refined_features():
    classifier = WideClassifier(6, 3, like=SSAClassifier, dropout=0.5)
    features = torch.randn(2, 6, 4, 5)
    first, _, second = classifier.refine
    hidden = F.conv2d(features, first.weight[..., None, None]).relu()
    refined = features + F.conv2d(hidden, second.weight[..., None, None], second.bias)
    torch.manual_seed(3)
    ours = classifier(features).student.logits
    torch.manual_seed(3)
    torch.testing.assert_close(ours, classifier.score(classifier.dropout(refined)))


def test_a_pixel_does_not_depend_on_the_rest_of_its_image():
    classifier = WideClassifier(6, 3, like=SSAClassifier).eval()
    features = torch.randn(1, 6, 4, 5)
    alone = classifier(features[..., 2:3, 1:2]).student.logits
    torch.testing.assert_close(alone, classifier(features).student.logits[..., 2:3, 1:2])
    assert classifier(features, torch.zeros(1, 4, 5, dtype=torch.long)).teacher is None
    again = classifier.reuse(features, classifier(torch.randn(1, 6, 2, 2)))
    torch.testing.assert_close(again.student.logits, classifier(features).student.logits)


def test_every_parameter_learns():
    classifier = WideClassifier(6, 3, like=CACClassifier)
    features = torch.randn(2, 6, 4, 5, requires_grad=True)
    target = one_hot(torch.randint(3, (2, 4, 5)), 3)
    logits = classifier(features).student.logits
    found = contract.reached(classifier, (logits.softmax(1) - target).square(), features)
    assert found == {"features", *dict(classifier.named_parameters())}


def test_building_it_draws_no_number_for_the_other():
    torch.manual_seed(0)
    WideClassifier(6, 3, like=CACClassifier)
    after = torch.rand(1)
    torch.manual_seed(0)
    WideClassifier(6, 3, like=lambda c, k: CACClassifier(c, k, with_teacher=False))
    torch.testing.assert_close(torch.rand(1), after)


@pytest.mark.parametrize("case", contract.awkward_inputs())
def test_awkward_inputs_train_with_finite_numbers(case):
    features, target = contract.awkward_inputs()[case]
    contract.assert_finite_training(WideClassifier(4, 3, like=CACClassifier), features, target)


def test_what_has_no_more_parameters_than_the_fixed_classifier_is_refused():
    with pytest.raises(ValueError, match="name an adaptive classifier"):
        WideClassifier(4, 3, like=FixedClassifier)
