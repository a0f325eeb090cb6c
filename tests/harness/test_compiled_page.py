"""The table of what torch.compile traces."""

import pytest
from benchmarks.compiled import FAMILIES, traced
from benchmarks.models import every_model
from torch import nn

from segadapt.classifiers.base import Classifier
from segadapt.losses.objective import Losses
from segadapt.models.interfaces import FeatureGenerator, Features
from segadapt.segmentor import Segmentor
from segadapt.structures import Branch, Prediction


class Whole(FeatureGenerator):
    channels = 2

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 2, 1)

    def forward(self, image, auxiliary=False):
        return Features(self.layer(image))


class Branching(Whole):
    def forward(self, image, auxiliary=False):
        return Features(self.layer(image) if image.sum() > 0 else self.layer(-image))


class Counting(Whole):
    calls = 0

    def forward(self, image, auxiliary=False):
        self.calls += 1
        return Features(self.layer(image) * self.calls)


class Scores(Classifier):
    def __init__(self, channels, classes):
        super().__init__()
        self.layer = nn.Conv2d(channels, classes, 1)

    def forward(self, features, target=None):
        return Prediction(Branch(self.layer(features)))


class Squares(nn.Module):
    def forward(self, prediction, mask):
        total = prediction.student.logits.square().mean()
        return Losses(total, {"student": total})


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # dynamo's own
@pytest.mark.parametrize(
    ("generator", "words"), [(Whole, "yes"), (Branching, "no: "), (Counting, "one graph, but grad")]
)
def test_what_is_one_graph_is_told_from_several_and_from_other_gradients(generator, words):
    assert traced(Segmentor(generator(), Scores, 2), Squares(), 2).startswith(words)


def test_families_are_models():
    assert set(every_model()) >= set(FAMILIES)
