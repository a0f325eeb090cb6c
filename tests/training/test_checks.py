"""What nothing can be learnt from ends the training."""

import json
import math

import pytest
import torch
from runs import config, fork, wait
from torch import nn

from segadapt.experiment import train
from segadapt.losses.objective import Losses
from segadapt.training.checks import FiniteCheck, LabelCheck


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
    with pytest.raises(ValueError, match="not finite at step 7: coarse; this step was not saved"):
        check.watch(losses(student=1, coarse=value), 7, read=False)


def trained(gradient=1.0, weight=0.5):
    """A network after a step, as the check finds it."""
    network = nn.BatchNorm1d(3)
    with torch.no_grad():
        network.weight[1] = weight
    network.weight.grad = torch.tensor([0.0, gradient, 0.0])
    return network


@pytest.mark.parametrize(
    ("network", "step", "cause"),
    [
        (trained(weight=math.nan), 0, "the network starts with weights that are NaN or infinite"),
        (trained(math.inf, math.nan), 3, "the gradient was not finite at step 3 in 1 tensor, such"),
        (trained(weight=-math.inf), 3, r"the optimiser step made weights NaN or .* by step 3"),
    ],
)
def test_weights_that_are_no_numbers_are_told_with_their_cause(network, step, cause):
    with pytest.raises(ValueError, match=cause):
        FiniteCheck(network).check_weights(step)
    FiniteCheck(trained()).check_weights(step)


def test_a_buffer_that_is_no_number_is_told():
    network = trained()
    network.running_var[2] = math.inf
    with pytest.raises(ValueError, match=r"buffers .* by step 3 \(1 tensor, such as running_var\)"):
        FiniteCheck(network).check_weights(3)


def test_a_loss_of_weights_that_are_no_numbers_is_told_as_what_made_them_so():
    check = FiniteCheck(trained(weight=math.inf))
    with pytest.raises(ValueError, match="the optimiser step made weights"):
        check.watch(losses(student=math.nan), 4, read=True)


def test_a_gradient_is_told_before_the_losses_that_follow_from_it():
    """As on a GPU, where the verdict is read later."""
    check = FiniteCheck(nn.Linear(1, 1))
    check.watch_gradient(torch.tensor(1.0), 4)
    check.watch_gradient(torch.tensor(math.nan), 5)
    with pytest.raises(ValueError, match="the gradient was not finite at step 5, while the loss"):
        check.watch(losses(student=math.nan), 6, read=True)


@pytest.mark.parametrize(
    "precision", ["32-true", pytest.param("bf16-mixed", marks=pytest.mark.slow)]
)
def test_a_step_that_ruins_the_network_is_neither_measured_nor_saved(tmp_path, precision):
    changes = ["optimizer=sgd", "optimizer.momentum=0", "schedule.warmup=0", "data.steps=1"]
    changes += [
        f"trainer.precision={precision}",
        "classifier=fixed",
        "optimizer.lr=3e38",
        "loss.weights.student=1000",
    ]
    with pytest.raises(ValueError, match="the optimiser step made weights"):
        train(config(tmp_path, *changes))
    assert not list(tmp_path.rglob("*.ckpt"))
    assert json.loads((tmp_path / "run.json").read_text())["state"] == "failed"


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
    check, ignored = LabelCheck(3), torch.full((2, 3, 3), 255)
    one = ignored.clone()
    one[1, 2, 2] = 0
    for mask in (ignored, one, ignored):
        check.watch(mask)
    check.settle()


def test_no_label_at_all_is_an_error():
    check = LabelCheck(3)
    check.settle()  # nothing was looked at
    check.watch(torch.full((2, 3, 3), 255))
    with pytest.raises(ValueError, match="no pixel of the training images so far has a label"):
        check.settle()
