import pytest
from small import Sequence, WithAuxiliary, network
from torch import nn

from segadapt.analysis.cost.parameters import count_parameters
from segadapt.classifiers.cac import CACClassifier
from segadapt.classifiers.fixed import FixedClassifier
from segadapt.classifiers.ssa import SSAClassifier

THETA = 16 * 4 + 4 * 8 + 8  # of 8 channels: two layers, the second with a bias
FIXED = 8 * 5 + 5
BODY, AUXILIARY = 3 * 8 * 16, 8 * 5


@pytest.mark.parametrize(
    ("classifier", "training", "deployed"),
    [
        (FixedClassifier, FIXED, FIXED),
        (CACClassifier, FIXED + 2 * THETA, FIXED + THETA),
        (
            SSAClassifier,
            FIXED + 8 * 9 + 8 + 5 * 8 + 2 * (2 * THETA + 64),
            FIXED + 8 * 9 + 8 + 5 * 8 + 2 * THETA + 64,
        ),
    ],
)
def test_neither_teacher_nor_auxiliary_head_is_deployed(classifier, training, deployed):
    found = count_parameters(network(WithAuxiliary(), classifier))
    assert found == (BODY + AUXILIARY + training, BODY + deployed)


def test_cac_adds_what_the_paper_says():
    """0.79 M at 512 channels (CAC Table 1), teacher included."""
    generator = Sequence(512, nn.Conv2d(3, 512, 4, stride=4))
    numbers = [
        count_parameters(network(generator, classifier, 150))
        for classifier in (FixedClassifier, CACClassifier)
    ]
    assert (numbers[1].training - numbers[0].training) / 1e6 == pytest.approx(0.79, abs=0.005)
    assert numbers[1].deployed - numbers[0].deployed == 512 * 256 * 3 + 512


def test_frozen_parameters_count_too():
    model = network(WithAuxiliary(), FixedClassifier).requires_grad_(False)
    assert count_parameters(model) == (BODY + AUXILIARY + FIXED, BODY + FIXED)
