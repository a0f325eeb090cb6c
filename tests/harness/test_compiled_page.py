"""The table of what torch.compile traces."""

from benchmarks.compiled import FAMILIES, traced
from benchmarks.models import every_model
from torch import nn

from segadapt.models.interfaces import Features


class Whole(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 2, 1)

    def forward(self, image):
        return Features(self.layer(image))


class Branching(Whole):
    def forward(self, image):
        return Features(self.layer(image) if image.sum() > 0 else self.layer(-image))


class Counting(Whole):
    calls = 0

    def forward(self, image):
        self.calls += 1
        return Features(self.layer(image) * self.calls)


def test_one_graph_is_told_from_several():
    assert traced(Whole(), 2) == "yes"
    assert traced(Branching(), 1).startswith("no: ")


def test_other_numbers_are_told():
    assert "apart" in traced(Counting(), 2)


def test_families_are_models():
    assert set(every_model()) >= set(FAMILIES)
