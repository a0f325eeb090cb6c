"""Class weights and repeats follow from the labels, stay with the run, and reach every rank."""

import io
import json
import os

import numpy as np
import pytest
import torch
from rich.console import Console
from runs import config, fork, fork_ranks, state, wait

from segadapt.data.datasets.synthetic import Synthetic
from segadapt.data.module import SegmentationDataModule
from segadapt.experiment import fit, train
from segadapt.losses.cross_entropy import CrossEntropy
from segadapt.losses.objective import Objective
from segadapt.losses.supervised import Supervised
from segadapt.training.callbacks.checkpoints import Checkpoints
from segadapt.training.callbacks.class_balance import (
    ClassBalance,
    Repetition,
    apply_balance,
)

LENGTH, CLASSES = 4, 3
KILLED = 9
"""Exit code of a process that ends at once, as if it had been killed."""


class Started:
    """The objective and the data of a run on one process, when it has started."""

    def __init__(self, tmp_path, resumed=False, train=None):
        self.file, self.out = tmp_path / "class_balance.json", io.StringIO()
        self.loss = CrossEntropy()
        terms = {"student": Supervised("student", [self.loss])}
        objective = Objective(terms, {"student": 1.0}, class_weight="inverse")
        sets = [train or Synthetic(CLASSES, 16, LENGTH), Synthetic(CLASSES, 16, LENGTH)]
        self.data = SegmentationDataModule(*sets, CLASSES, 2, 0, 0, 4)
        console = Console(file=self.out, width=100)
        callback = ClassBalance(
            Repetition("repeat", 0.9), self.file, tmp_path / "cache", resumed, console
        )
        apply_balance(callback.settled(self.data, objective), self.data, objective)


class Sealed(Synthetic):
    """Samples that must not be looked at."""

    def __getitem__(self, key):
        raise AssertionError


def masks():
    return [Synthetic(CLASSES, 16, LENGTH)[i].mask.numpy() for i in range(LENGTH)]


def test_the_labels_decide_and_the_run_folder_and_the_terminal_say_how(tmp_path):
    run = Started(tmp_path)
    pixels = np.array([sum((mask == k).sum() for mask in masks()) for k in range(CLASSES)])
    weights = 1 / pixels / (1 / pixels).mean()
    assert run.loss.weight.numpy() == pytest.approx(weights)
    share = np.array([np.mean([(mask == k).any() for mask in masks()]) for k in range(CLASSES)])
    factor = np.maximum(1, np.sqrt(0.9 / share))
    expected = [max(factor[k] for k in np.unique(mask)) for mask in masks()]
    assert run.data.repeats == pytest.approx(expected)
    assert max(expected) > 1
    kept = json.loads(run.file.read_text())
    assert [row["pixels"] for row in kept["classes"]] == pixels.tolist()
    assert kept["repeats"] == pytest.approx(expected)
    for k, name in enumerate(run.data.classes):
        assert f"{name}  " in run.out.getvalue()
        assert f"{weights[k]:.4g}" in run.out.getvalue()


def test_a_resumed_run_believes_its_folder_and_counts_nothing(tmp_path):
    file = Started(tmp_path).file
    kept = json.loads(file.read_text())
    for k, row in enumerate(kept["classes"]):
        row["weight"] = 2.0**k
    file.write_text(json.dumps({**kept, "repeats": [1.0, 2.0, 3.0, 1.5]}))
    resumed = Started(tmp_path, True, Sealed(CLASSES, 16, LENGTH))
    assert resumed.loss.weight.tolist() == [1.0, 2.0, 4.0]
    assert resumed.data.repeats.tolist() == [1.0, 2.0, 3.0, 1.5]
    assert resumed.out.getvalue() == ""


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda kept: None, "is missing, with the class weights of this run; restore it"),
        (lambda kept: kept.pop("repeats"), r"is damaged \('repeats'\); restore it"),
        (lambda kept: kept["classes"][0].update(weight="2"), r"damaged \('2' is not a number\)"),
        (lambda kept: kept["classes"][0].update(weight=-1), r"damaged \(-1 is not a number of 0"),
        (lambda kept: kept.update(repeats=[0.5] * LENGTH), r"damaged \(0.5 is not a number of 1"),
        (lambda kept: kept.update(images=9), "counted on 9 training images .* there are 4 with 3"),
        (lambda kept: kept["classes"].pop(), "with 2 classes, but there are 4 with 3 now"),
        (lambda kept: kept.update(classes=7), "is damaged"),
    ],
)
def test_a_folder_that_cannot_be_believed_is_refused(tmp_path, change, sentence):
    file = Started(tmp_path).file
    kept = json.loads(file.read_text())
    if change(kept) is None and sentence.startswith("is missing"):
        file.unlink()
    else:
        file.write_text(json.dumps(kept))
    with pytest.raises(ValueError, match=sentence):
        Started(tmp_path, resumed=True)


BALANCED = (
    *("classifier=cac", "data.steps=6", "data.batch_size=4", "checkpoint_every=3"),
    *("loss.class_weight=sqrt_inverse", "data.rare=repeat", "data.rare_threshold=1"),
    *("data.num_classes=40", "data.module.train.length=6", "classifier.dropout=0.0"),
)


def test_a_run_that_resumes_ends_as_if_it_had_not_stopped(tmp_path):
    whole, folder = tmp_path / "whole", tmp_path / "resumed"

    def half():
        save = Checkpoints.save

        def once(self, trainer):
            save(self, trainer)
            if trainer.global_step == 3:
                os._exit(KILLED)

        Checkpoints.save = once  # in this process alone
        train(config(folder, *BALANCED))

    assert wait(fork(lambda: train(config(whole, *BALANCED)))) == 0
    assert wait(fork(half)) == KILLED
    assert wait(fork(lambda: train(config(folder, *BALANCED)))) == 0
    assert state(folder) == state(whole)
    kept = [(run / "class_balance.json").read_bytes() for run in (whole, folder)]
    assert kept[0] == kept[1]
    assert max(json.loads(kept[0])["repeats"]) > 1


@pytest.mark.slow
def test_two_ranks_weigh_and_repeat_as_one_process_does(tmp_path):
    words = [*BALANCED, "classifier=fixed"]
    two = ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"]
    assert wait(fork(lambda: train(config(tmp_path / "one", *words)))) == 0
    (tmp_path / "two").mkdir()
    cfg = config(tmp_path / "two", *words, *two)
    codes = [wait(pid, 120) for pid in fork_ranks([lambda: fit(cfg), lambda: fit(cfg)])]
    assert codes == [0, 0]
    one, both = (
        torch.load(tmp_path / name / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        for name in ("one", "two")
    )
    for name in one:
        torch.testing.assert_close(both[name], one[name], rtol=1e-5, atol=1e-6, msg=name)
