"""A training step of every network and every classifier as a GPU would see it, without one.

By default some pairs (about 1 s each); ``-m slow`` walks all (about half an hour on two cores).
"""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from compositions import composed
from torch import nn

from segadapt.cli.hydra_command import CONF
from segadapt.experiment import build_task
from segadapt.training.rehearsal import check_deterministic, rehearse

CLASSIFIERS = sorted(file.stem for file in (Path(CONF) / "classifier").glob("*.yaml"))
MODELS = sorted({file.stem for file in (Path(CONF) / "model").glob("*.yaml")} - {"cached"})
FAMILIES = ("upernet_swin", "ocrnet_hrnet18", "segnext_tiny", "smp_fpn", "linear_dinov3_vit_small")

DEFAULT = [("tiny", "ssa"), ("tiny", "protoseg"), ("tiny", "gmmseg")]
SLOW = [
    *(("tiny", name) for name in CLASSIFIERS),
    *((model, name) for model in MODELS for name in ("ssa", "protoseg")),
    *((model, name) for model in FAMILIES for name in CLASSIFIERS),
]
PAIRS = [
    *DEFAULT,
    *(pytest.param(*p, marks=pytest.mark.slow) for p in dict.fromkeys(SLOW) if p not in DEFAULT),
]


def task(model: str, classifier: str):
    words = ["data=synthetic", f"model={model}", f"classifier={classifier}"]
    return build_task(composed(*words, "data.pretrained=false"))


@pytest.mark.parametrize(("model", "classifier"), PAIRS)
def test_a_step_is_deterministic_on_a_gpu_and_stays_on_it(model, classifier, monkeypatch):
    # Autocast on CUDA is off where there is no GPU, fake tensors or not.
    monkeypatch.setattr("torch.cuda.amp.common.amp_definitely_not_available", lambda: False)
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda *_: True)
    given = task(model, classifier)
    before = {name: value.clone() for name, value in given.model.state_dict().items()}
    parts = (given.model, given.objective, given.optimizer)
    assert rehearse(*parts, "meta") == set()
    rehearse(*parts, "cuda")  # tensors of two devices raise
    after = given.model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


class Pooling(nn.Module):
    """Averages over a grid, as many decoders do."""

    def forward(self, features):
        pooled = F.adaptive_avg_pool2d(features, 3)
        return features + F.interpolate(pooled, features.shape[2:], mode="bilinear")


class Reflecting(nn.Module):
    """An operation that nothing takes the place of."""

    def forward(self, features):
        return F.pad(features, (1, 1, 1, 1), mode="reflect")[:, :, 1:-1, 1:-1]


def test_the_walk_finds_what_is_not_replaced(monkeypatch):
    given = task("tiny", "fixed")
    given.model.generator.decoder = _Behind(given.model.generator.decoder, Pooling())
    parts = (given.model, given.objective, given.optimizer)
    assert rehearse(*parts, "meta") == set()
    monkeypatch.setattr("segadapt.functional.determinism.REPLACED", {})
    assert rehearse(*parts, "meta") == {"_adaptive_avg_pool2d_backward"}


def test_what_cannot_be_replaced_is_refused_in_a_sentence(monkeypatch):
    given = task("tiny", "fixed")
    given.model.generator.decoder = _Behind(given.model.generator.decoder, Reflecting())
    monkeypatch.setattr(
        "segadapt.training.rehearsal.rehearse", lambda *parts: rehearse(*parts[:3], "meta")
    )
    with pytest.raises(ValueError, match=r"deterministic=true is not possible .* reflection_pad2d"):
        check_deterministic(given.model, given.objective, given.optimizer)


class _Behind(nn.Module):
    """A decoder with something behind it."""

    def __init__(self, decoder, more):
        super().__init__()
        self.decoder, self.more = decoder, more

    def forward(self, pyramid):
        features = self.decoder(pyramid)
        return features._replace(pixels=self.more(features.pixels))
