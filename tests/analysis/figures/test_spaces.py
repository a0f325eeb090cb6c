import pytest
import torch
import torch.nn.functional as F
from networks_looked_at import network, sample

from segadapt.analysis.figures.image_prototypes import prototypes_of_image
from segadapt.analysis.figures.score_space import fixed

SWITCHES = ("classifier.semantic=false", "classifier.spatial=false", "classifier.mix=false")


def check_scores(model, found, tau):
    """The rows and prototypes of a look give the scores of the network, by torch's own cosine."""
    with torch.no_grad():
        scores = model(sample().image[None], sample().mask[None])
    for branch, prototypes in (("student", found.student), ("teacher", found.teacher)):
        expected = getattr(scores, branch).logits[0].flatten(1).T
        cosine = F.cosine_similarity(found.rows[:, None], prototypes[None], dim=2)
        torch.testing.assert_close(tau * cosine, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("classifier", ["cac", "ssa"])
def test_what_is_drawn_is_what_scores(classifier):
    model = network(classifier)
    check_scores(model, prototypes_of_image(model, sample()), 15)


@pytest.mark.parametrize("switch", SWITCHES)
def test_also_where_ssa_adapts_in_part(switch):
    model = network("ssa", switch)
    check_scores(model, prototypes_of_image(model, sample()), 15)


def test_the_fixed_prototypes_are_the_weights_of_the_1x1_convolution():
    plain, adaptive = network("fixed"), network("ssa")
    assert torch.equal(fixed(plain.classifier), plain.classifier.score.weight[..., 0, 0])
    assert torch.equal(fixed(adaptive.classifier), adaptive.classifier.coarse.weight[..., 0, 0])


def test_a_fixed_classifier_has_nothing_adapted():
    found = prototypes_of_image(network("fixed"), sample())
    assert found.student is found.teacher is found.student_semantic is None


def test_only_labelled_classes_are_present():
    found = prototypes_of_image(network("cac"), sample(classes=2))
    assert found.present.tolist() == [True, True, False]
