"""Networks whose features come from more than one source, below every classifier."""

import pytest
import torch
from compositions import composed

from segadapt.experiment import build_task

NETWORKS = {
    "cgrseg_base": ["model.decoder.channels=16", "model.encoder.name=efficientformerv2_s0"],
    "upernet_vit_adapter_small": [
        "model.decoder.channels=16",
        "model.encoder.name=test_vit2",
        "model.encoder.heads=4",
    ],
}


@pytest.mark.parametrize("classifier", ["fixed", "cac", "ssa"])
@pytest.mark.parametrize("name", NETWORKS)
def test_trains_through_every_parameter(name, classifier):
    choices = ["data=synthetic", f"model={name}", f"classifier={classifier}", *NETWORKS[name]]
    task = build_task(composed(*choices))
    mask = torch.randint(5, (2, 61, 75))
    prediction = task.model(torch.randn(2, 3, 61, 75), mask)
    losses = task.objective(prediction, mask)
    losses.total.backward()
    parameters = dict(task.model.named_parameters())
    assert [n for n, p in parameters.items() if p.grad is None or not p.grad.isfinite().all()] == []
