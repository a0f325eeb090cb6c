"""Settings that are each in order, but contradict each other."""

import re

import pytest
from compositions import composed

from segadapt.runs.settings.agreement import MONITORED
from segadapt.runs.settings.notes import notes
from segadapt.runs.settings.settle import settle

SMALL = ("data=synthetic", "model=tiny_group", "trainer=cpu", "paths.run=run")
WINDOWS = ("inference=slide", "inference.window=[64,64]")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("data.module.batch_size=7",),
            "data.module.batch_size=7 contradicts data.batch_size=4, which it follows; "
            "set data.batch_size alone",
        ),
        (
            ("loss.effective_beta=0.9",),
            "loss.effective_beta=0.9 has no effect, because loss.class_weight=none; set",
        ),
        (
            ("init.classifier=renew",),
            "init.classifier=renew has no effect, because init.run=null; set init.run=RUN",
        ),
        (("init.checkpoint=best",), "init.checkpoint=best has no effect, because init.run=null"),
        (("trainer.max_steps=9",), "trainer.max_steps=9 contradicts data.steps=4"),
        (
            ("model.auxiliary.num_classes=9", "model=upernet_swin"),
            "model.auxiliary.num_classes=9 contradicts data.num_classes=5",
        ),
        (("monitor=val/loss",), "monitor=val/loss is not measured by a validation; choose"),
        (
            ("optimizer.lr=0.001", "schedule.min_lr=0.01"),
            "optimizer.lr=0.001 is below schedule.min_lr=0.01, so the learning rate would rise",
        ),
        (
            (
                "schedule.min_lr=0.001",
                "optimizer.lr=0.004",
                "+optimizer.custom_keys.classifier={lr_mult: 0.1}",
            ),
            "optimizer.lr=0.004 times 0.1 (optimizer.custom_keys.classifier.lr_mult) is below",
        ),
        (
            (
                "schedule.min_lr=0.001",
                "optimizer.lr=0.004",
                "optimizer=adamw_vit_adapter",
                "optimizer.layer_decay.rate=0.5",
            ),
            "(optimizer.layer_decay, of the first layer) is below schedule.min_lr",
        ),
        (
            ("trainer.devices=3",),
            "data.batch_size=4 cannot be split evenly by trainer.devices=3; the nearest batch size "
            "that can is 3",
        ),
        (
            ("trainer.devices='2'", "trainer.accumulate_grad_batches=3"),
            "evenly by trainer.devices=2 and trainer.accumulate_grad_batches=3; the nearest batch "
            "size that can is 6",
        ),
        (("trainer.devices=[0,1,2]",), "evenly by trainer.devices=3"),
        (("trainer.num_nodes=3",), "evenly by trainer.num_nodes=3"),
        (
            ("inference=multiscale", "inference.stride=[32,32]"),
            "inference.stride=[32, 32] has no effect, because inference.window=null",
        ),
        (
            ("inference=multiscale", "inference.blend=gaussian"),
            "inference.blend=gaussian has no effect",
        ),
        (
            (*WINDOWS, "inference.stride=[32,65]"),
            "inference.stride=[32, 65] is larger than inference.window=[64, 64]",
        ),
        (("data=digits", "data.crop=[64,32]"), "composes squares; set one number"),
        (
            ("trainer.compile=default", "trainer.precision=bf16-true"),
            "trainer.compile=default needs weights in float32, in which its gradients are compared "
            "with uncompiled ones, and trainer.precision=bf16-true has none; set "
            "trainer.precision=bf16-mixed, or trainer.compile=null",
        ),
        (("trainer.compile=default", "trainer.precision=16-true"), "precision=16-mixed, or"),
        (
            ("trainer.compile=max-autotune", "+trainer.detect_anomaly=true"),
            "trainer.detect_anomaly=true names operations, which trainer.compile=max-autotune fuse",
        ),
    ],
)
def test_contradictions_are_refused_with_both_keys(words, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        settle(composed(*SMALL, *words))


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("optimizer.lr=0.001", "schedule.min_lr=0.01", "schedule.power=0"),  # it stays
        ("trainer.devices=2", "trainer.accumulate_grad_batches=2"),
        ("trainer.devices=auto",),
        (*WINDOWS, "inference.stride=[64,64]"),
        ("monitor=val/iou/class_1",),
        ("data.batch_size=8",),  # what follows it does
        ("trainer.compile=max-autotune", "trainer.precision=bf16-mixed"),
        ("trainer.precision=bf16-true",),
    ],
)
def test_what_agrees_passes(words):
    settle(composed(*SMALL, *words))


def test_what_can_be_monitored():
    for name in ("val/miou", "val/miou_coarse", "val/miou_oracle", "val/accuracy", "val/iou/sky x"):
        assert MONITORED.fullmatch(name)
    for name in ("miou", "val/loss", "val/iou/", "train/loss", "val/miou_student"):
        assert not MONITORED.fullmatch(name)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("data=digits", "data.steps=10", "data.eval_every=5"),
            ["the warm-up takes 50 steps and the run has 10, so the learning rate never passes"],
        ),
        (("data=digits", "data.steps=10", "data.eval_every=5", "schedule.warmup=0"), []),
        (
            ("data=digits", "data.steps=10", "data.eval_every=5", "schedule.longest_warmup=0.1"),
            [],
        ),
        (("data=digits",), []),
        ((), []),  # data=synthetic says that nothing is to be learned
        (("data=digits", "debug=fast"), []),
        (
            ("data.smoke_test=false",),
            ["the warm-up takes 50 steps and the run has 4, so the learning rate never passes"],
        ),
        (
            ("schedule.steps=8",),
            ["schedule.steps=8 and data.steps=4 differ, so the learning rate does not end"],
        ),
        (
            ("data.eval_every=5",),
            ["data.eval_every=5 is beyond data.steps=4; only the end is validated"],
        ),
    ],
)
def test_what_is_seldom_meant_is_noted(words, said):
    sentences = notes(settle(composed(*SMALL, *words)))
    assert len(sentences) == len(said)
    for sentence, start in zip(sentences, said, strict=True):
        assert sentence.startswith(start)


def test_the_highest_rate_that_is_told_is_that_of_a_warm_up():
    words = ("data=digits", "data.steps=10", "data.eval_every=5", "optimizer.lr=0.01")
    [sentence] = notes(settle(composed(*SMALL, *words)))
    ratio = 1e-6
    rates = [0.01 * (1 - step / 10) * (1 - (1 - step / 50) * (1 - ratio)) for step in range(10)]
    assert (
        f"never passes {max(rates):.2g}, {max(rates) / 0.01:.1%} of optimizer.lr=0.01" in sentence
    )
