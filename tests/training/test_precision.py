"""Trainings in other precisions than single: half, and mixed with a loss scale."""

from pathlib import Path

import lightning as L
import pytest
import torch
from compositions import composed
from lightning.pytorch.plugins.precision import MixedPrecision
from toy import ToyData, ToyTask

from segadapt.evaluation.inference.strips import gather_strips, resized, stored
from segadapt.evaluation.inference.windows import BLENDS
from segadapt.experiment import train
from segadapt.functional.precision import SingleLayerNorm
from segadapt.training.checkpoint_io import AtomicCheckpointIO
from segadapt.training.task import SegmentationTask
from segadapt.training.trainer import build_trainer

SCALE = 2.0**8
"""More would overflow in the first step, which would be skipped."""

SHORT = ("data=synthetic", "logger=none", "trainer=cpu", "callbacks=none", "data.steps=1")


@pytest.mark.parametrize("fused", [False, True])
def test_clipping_bounds_the_norm_of_gradients_without_their_loss_scale(fused, tmp_path):
    class Clipped(ToyTask):
        """The toy with a plain optimiser, clipped as trainings are."""

        configure_gradient_clipping = SegmentationTask.configure_gradient_clipping

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=1.0, fused=fused)

    task = Clipped()
    before = [p.detach().clone() for p in task.parameters()]
    scaler = torch.amp.GradScaler("cpu", init_scale=SCALE)
    trainer = L.Trainer(
        max_steps=1,
        gradient_clip_val=1e-3,
        plugins=[MixedPrecision("16-mixed", "cpu", scaler)],
        accelerator="cpu",
        default_root_dir=tmp_path,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_val_batches=0,
    )
    trainer.fit(task, datamodule=ToyData())
    moved = [
        (p.detach() - q).square().sum() for p, q in zip(task.parameters(), before, strict=True)
    ]
    # With a learning rate of 1 the step is the clipped gradient.
    assert torch.stack(moved).sum().sqrt().item() == pytest.approx(1e-3, rel=0.01)


@pytest.mark.parametrize(
    "name",
    ["ssa", "protoseg", "gmmseg"]
    + [pytest.param(name, marks=pytest.mark.slow) for name in ("fixed", "wide", "cac", "dnc")],
)
def test_a_network_in_bfloat16_is_trained_and_validated(name, tmp_path):
    metrics = train(composed(*SHORT, f"classifier={name}", *_precise("bf16-true", tmp_path)))
    assert 0 <= metrics["val/miou"] <= 1


@pytest.mark.parametrize(
    "words",
    [("bf16-true",), ("64-true",), ("16-true", "optimizer=sgd")],
    ids=lambda words: words[0],
)
def test_callbacks_give_the_network_images_of_its_type(words, tmp_path):
    precision, *rest = words
    train(composed(*SHORT, "callbacks=default", *rest, *_precise(precision, tmp_path)))
    assert list((tmp_path / "run" / "panels").iterdir())


def test_an_optimiser_whose_eps_would_be_zero_is_refused_before_the_first_step(tmp_path):
    with pytest.raises(ValueError, match=r"eps=1e-08 of AdamW rounds to 0 in torch\.float16"):
        train(composed(*SHORT, *_precise("16-true", tmp_path)))


def _precise(precision: str, folder: Path) -> list[str]:
    return [f"trainer.precision={precision}", f"paths.run={folder / 'run'}"]


def test_scores_are_resized_alike_whatever_torchs_default_type_is():
    scores = torch.randn(1, 3, 5, 7)

    def made() -> torch.Tensor:
        full = resized(stored(scores), (400, 9))
        return gather_strips(full, lambda strip: strip)

    wanted = made()
    torch.set_default_dtype(torch.bfloat16)
    try:
        found = made()
        blends = {name: blend((5, 300), torch.device("cpu")) for name, blend in BLENDS.items()}
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(found, wanted)
    for name, weights in blends.items():
        assert torch.equal(weights, BLENDS[name]((5, 300), torch.device("cpu")))


def test_a_normalisation_for_densities_is_not_narrowed_with_its_network():
    norm = SingleLayerNorm(4)
    assert norm.bfloat16().weight.dtype == norm.half().bias.dtype == torch.float32
    assert norm.double().weight.dtype == torch.float64


def test_a_deterministic_trainer_does_not_choose_convolutions_by_their_time():
    config = composed("data=synthetic", "trainer=cpu", "trainer.deterministic=true").trainer
    assert config.benchmark
    before = torch.backends.cudnn.benchmark
    try:
        build_trainer(config, 1, [], [], AtomicCheckpointIO())
        assert torch.are_deterministic_algorithms_enabled()
        assert not torch.backends.cudnn.benchmark
    finally:
        torch.use_deterministic_algorithms(False)
        torch.backends.cudnn.benchmark = before


def test_windows_with_one_adaptation_are_refused_before_a_training_whose_classifier_cannot(
    tmp_path,
):
    words = ["data=synthetic", "logger=none", "trainer=cpu", "callbacks=none"]
    words += ["inference=slide", "inference.window=[16,16]", "inference.context=global"]
    words += ["classifier=ssa", "classifier.position=sinusoidal", f"paths.run={tmp_path / 'run'}"]
    with pytest.raises(ValueError, match=r"set inference\.context=window"):
        train(composed(*words))
    assert not (tmp_path / "run" / "metrics.csv").exists()
