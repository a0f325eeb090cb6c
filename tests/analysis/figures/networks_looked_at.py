"""Networks that have learnt nothing, and images of three classes, for figures."""

import torch
from compositions import composed
from hydra.utils import instantiate

from segadapt.segmentor import Segmentor
from segadapt.structures import Sample


def network(classifier, *overrides):
    words = ["data=synthetic", "model=tiny", "data.num_classes=3", f"classifier={classifier}"]
    cfg = composed(*words, *overrides)
    torch.manual_seed(0)
    return Segmentor(instantiate(cfg.model), instantiate(cfg.classifier), 3).eval()


def sample(name="one", classes=3):
    """Vertical stripes of the classes."""
    generator = torch.Generator().manual_seed(len(name))
    mask = (torch.arange(64) * classes // 64).expand(64, 64).to(torch.uint8)
    return Sample(torch.randn(3, 64, 64, generator=generator), mask.clone(), name)
