"""What nothing can be learnt from ends the training."""

import json
import math

import pytest
import torch
from runs import config, fork, wait
from torch import nn

from segadapt.experiment import train
from segadapt.finite import FiniteCheck, LabelCheck
from segadapt.losses.objective import Losses


def losses(**terms):
    values = {name: torch.tensor(float(value)) for name, value in terms.items()}
    return Losses(torch.stack(list(values.values())).sum(), values)


def test_numbers_pass():
    check = FiniteCheck(nn.Linear(1, 1))
    check.watch(losses(student=1, coarse=0), 1, read=True)
    check.settle(1)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_the_term_and_the_step_are_named(value):
    check = FiniteCheck(nn.Linear(1, 1))
    check.watch(losses(student=1, coarse=1), 6, read=True)
    with pytest.raises(ValueError, match="not finite at step 7: coarse; nothing of it was saved"):
        check.watch(losses(student=1, coarse=value), 7, read=False)


def test_a_run_whose_loss_is_no_number_has_failed_and_saved_nothing_of_it(tmp_path, capfd):
    changes = ["classifier=fixed", "data.steps=8", "data.eval_every=8", "optimizer.lr=1e30"]
    cfg = config(tmp_path, *changes, "schedule.warmup=0", "checkpoint_every=1")
    assert wait(fork(lambda: train(cfg))) == 1
    said = json.loads((tmp_path / "run.json").read_text())
    assert said["state"] == "failed"
    assert "the loss was not finite at step " in said["cause"]
    assert "optimizer.lr" in said["cause"]
    assert said["cause"] in capfd.readouterr().err
    saved = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    assert f"at step {saved['global_step'] + 1}:" in said["cause"]


def test_one_label_is_enough():
    check, ignored = LabelCheck(), torch.full((2, 3, 3), 255)
    one = ignored.clone()
    one[1, 2, 2] = 0
    for mask in (ignored, one, ignored):
        check.watch(mask)
    check.settle()


def test_no_label_at_all_is_an_error():
    check = LabelCheck()
    check.settle()  # nothing was looked at
    check.watch(torch.full((2, 3, 3), 255))
    with pytest.raises(ValueError, match="no pixel of the training images so far has a label"):
        check.settle()
