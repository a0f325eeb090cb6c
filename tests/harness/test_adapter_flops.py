"""Counts of ViT-Adapter-L against SSA Table 1 (architectures.md 2.6)."""

import pytest
import torch
from benchmarks.harness.paper_flops import paper_macs
from networks import generator

from segadapt.classifiers.fixed import FixedClassifier
from segadapt.classifiers.ssa import SSAClassifier
from segadapt.segmentor import Segmentor


@pytest.fixture(scope="module")
def adapter():
    with torch.device("meta"):
        return generator("upernet_vit_adapter_large", 150)


@pytest.mark.parametrize(
    ("classifier", "side", "counted", "printed"),
    [
        (FixedClassifier, 512, 616.101, 616.1),
        pytest.param(SSAClassifier, 512, 616.342, 616.3, marks=pytest.mark.slow),
        # The column of PASCAL-Context fits 150 classes, not its 59.
        pytest.param(FixedClassifier, 480, 541.498, 541.5, marks=pytest.mark.slow),
        pytest.param(SSAClassifier, 480, 541.729, 541.7, marks=pytest.mark.slow),
    ],
)
def test_upernet_vit_adapter_large_has_the_published_count(
    adapter, classifier, side, counted, printed
):
    with torch.device("meta"):
        model = Segmentor(adapter, classifier, num_classes=150)
    found = paper_macs(model, side, side) / 1e9
    assert found == pytest.approx(counted, abs=6e-4)
    assert round(found, 1) == printed
