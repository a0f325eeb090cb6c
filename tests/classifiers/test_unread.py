"""Classifiers that cluster read no value on the host: a step on tensors without values."""

import pytest
import torch

from segadapt.classifiers.dnc import DNCClassifier
from segadapt.classifiers.gmmseg import GMMSegClassifier
from segadapt.classifiers.protoseg import ProtoSegClassifier
from segadapt.losses.prototype_assignment import PrototypeContrast, PrototypeDistance


@pytest.mark.parametrize("classifier", [DNCClassifier, ProtoSegClassifier, GMMSegClassifier])
def test_a_step_reads_no_value(classifier):
    with torch.device("meta"):
        network = classifier(6, 4)
        features = torch.empty(2, 6, 5, 7, requires_grad=True)
        target = torch.empty(2, 5, 7, dtype=torch.long)
    prediction = network(features, target)
    losses = [term(prediction, target) for term in (PrototypeContrast(), PrototypeDistance())]
    (sum(losses) + prediction.student.logits.mean()).backward()
    network.update(prediction)
    assert features.grad.shape == features.shape
