"""Networks whose work can be counted by hand."""

import torch
import torch.nn.functional as F
from torch import nn

from segadapt.models.interfaces import FeatureGenerator, Features
from segadapt.segmentor import Segmentor


class Sequence(FeatureGenerator):
    """Layers one after the other."""

    def __init__(self, channels, *layers):
        super().__init__()
        self.channels = channels
        self.layers = nn.Sequential(*layers)

    def forward(self, image, auxiliary=False):
        return Features(self.layers(image))


class WithAuxiliary(FeatureGenerator):
    """One convolution, and a head that only training runs."""

    channels = 8

    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(3, 8, 4, stride=4, bias=False)
        self.auxiliary = nn.Conv2d(8, 5, 1, bias=False)

    def forward(self, image, auxiliary=False):
        features = self.body(image)
        return Features(features, self.auxiliary(features) if auxiliary else None)


class Attention(nn.Module):
    """Projection of the pixels, products of all with all, and resizing."""

    def __init__(self, channels):
        super().__init__()
        self.project = nn.Linear(channels, channels)

    def forward(self, maps):
        rows = self.project(maps.flatten(2).mT)
        mixed = torch.einsum("bnm,bmd->bnd", F.gelu(rows @ rows.mT).softmax(2), rows)
        return F.interpolate(mixed.mT.unflatten(2, maps.shape[2:]), scale_factor=2)


def network(generator, classifier, num_classes=5):
    return Segmentor(generator, classifier, num_classes).eval()
