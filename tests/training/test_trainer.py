"""The devices of a trainer."""

import pytest
import torch
from compositions import composed
from lightning.pytorch.accelerators import MPSAccelerator
from omegaconf import OmegaConf

from segadapt.training.checkpoint_io import AtomicCheckpointIO
from segadapt.training.trainer import build_trainer, on_gpu


@pytest.fixture
def apple(monkeypatch):
    """A machine with an Apple GPU, but without a CUDA device."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(MPSAccelerator, "is_available", lambda: True)  # also asks for the processor


def test_an_apple_gpu_is_refused_in_a_sentence(apple):
    with pytest.raises(ValueError, match=r"accelerator=mps: losses .* have; use trainer=cpu"):
        on_gpu(OmegaConf.create({"accelerator": "mps"}))


@pytest.mark.filterwarnings("ignore:GPU available but not used")
def test_the_default_beside_an_apple_gpu_is_the_cpu(apple):
    config = composed("data=synthetic").trainer
    assert config.accelerator == "auto"
    trainer = build_trainer(config, 1, [], [], AtomicCheckpointIO())
    assert trainer.strategy.root_device == torch.device("cpu")
