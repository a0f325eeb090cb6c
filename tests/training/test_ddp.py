"""Two ranks train what one process trains, or stop together."""

import inspect
import json
import math
import os
import signal
import sys
import time
from unittest.mock import Mock

import lightning as L
import pytest
import torch
from compositions import composed
from lightning.pytorch.utilities import rank_zero_only
from runs import SMALL, config, fork, fork_ranks, wait
from torch.nn.parallel import DistributedDataParallel

from segadapt import experiment
from segadapt.experiment import fit, train
from segadapt.losses.objective import Losses
from segadapt.training import trainer
from segadapt.training.callbacks import class_balance, preemption
from segadapt.training.checkpoint_io import AtomicCheckpointIO

STEPS = 4
BASE = (f"data.steps={STEPS}", "data.batch_size=8", "data.eval_every=4", "classifier.dropout=0.0")
TWO = (
    "trainer=ddp",
    "trainer.accelerator=cpu",
    "trainer.devices=2",
    "trainer.strategy.timeout.seconds=60",
)


def two_ranks(folder, *changes, other=()):
    """Train on two ranks, the second with further changes; both exit codes."""
    folder.mkdir(exist_ok=True)
    first = config(folder, *BASE, *TWO, *changes)
    second = config(folder, *BASE, *TWO, *changes, *other)
    return [wait(pid, 120) for pid in fork_ranks([lambda: fit(first), lambda: fit(second)])]


def weights(folder):
    return torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]


def metrics(folder):
    return json.loads((folder / "run.json").read_text())["metrics"]


def measured(folder):
    return {name: value for name, value in metrics(folder).items() if name.startswith("val/")}


NAMES = ("fixed", "cac", "dnc", "protoseg", "gmmseg")  # SSA has the branches of the first two
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in NAMES]


@pytest.mark.parametrize("classifier", ["ssa", *SLOW])
def test_two_ranks_learn_what_one_process_learns(tmp_path, classifier):
    changes = [f"classifier={classifier}", "trainer.log_every_n_steps=1"]
    if classifier in ("cac", "ssa"):
        changes.append("classifier.oracle_group=4")
    if classifier == "gmmseg":
        changes.append("classifier.embedding=null")  # no batch norm, which CPUs do not share
    alone = config(tmp_path / "one", *BASE, "trainer=cpu", *changes)
    assert wait(fork(lambda: train(alone))) == 0
    assert two_ranks(tmp_path / "two", *changes) == [0, 0]
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    assert one.keys() == two.keys()
    for name in one:
        torch.testing.assert_close(two[name], one[name], rtol=1e-5, atol=1e-6, msg=name)
    for name, value in metrics(tmp_path / "one").items():
        assert metrics(tmp_path / "two")[name] == pytest.approx(value, abs=1e-3), name


@pytest.mark.parametrize("images", [1, pytest.param(2, marks=pytest.mark.slow), 5])
def test_validation_counts_each_image_once(tmp_path, images):
    """The same weights, so the same counts: nothing is learnt at a rate of zero."""
    changes = [f"data.module.val.length={images}", "optimizer.lr=1e-30", "data.steps=1"]
    changes += ["classifier=fixed", "optimizer.weight_decay=0", "data.eval_every=1"]
    alone = config(tmp_path / "one", *BASE, "trainer=cpu", *changes)
    assert wait(fork(lambda: train(alone))) == 0
    assert two_ranks(tmp_path / "two", *changes) == [0, 0]
    assert measured(tmp_path / "two") == measured(tmp_path / "one")


def test_ranks_with_different_overrides_do_not_start(tmp_path, capfd):
    codes = two_ranks(tmp_path, "classifier=cac", other=["classifier.tau=16"])
    assert codes == [1, 1]
    assert (
        "ranks 0 and 1 were given different configs (classifier.tau was" in capfd.readouterr().err
    )
    assert not (tmp_path / "checkpoints").exists()


def spoiled(spoil):
    """A training whose task is spoiled, for one rank."""

    def act(cfg):
        build = experiment.build_task

        def built(*arguments):
            task = build(*arguments)
            spoil(task)
            return task

        experiment.build_task = built  # in this process alone
        fit(cfg)

    return act


def spoil_gradient(task):
    """Values of one tensor's gradient become NaN, before ranks take their mean."""
    next(task.model.classifier.parameters()).register_hook(lambda gradient: gradient * math.nan)


def spoil_loss(task):
    """The loss becomes NaN."""
    objective = task.objective.forward

    def forward(*arguments):
        losses = objective(*arguments)
        terms = {name: value * math.nan for name, value in losses.terms.items()}
        return Losses(losses.total * math.nan, terms)

    task.objective.forward = forward


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        (spoil_gradient, "the gradient was not finite at step 1 in "),
        (spoil_loss, "the loss was not finite at step 1: student"),
    ],
)
def test_nan_on_one_rank_ends_both_with_the_cause_and_saves_nothing(
    tmp_path, rank, spoil, cause, capfd
):
    cfg = config(tmp_path, *BASE, *TWO, "classifier=fixed", "checkpoint_every=1")
    actions = [lambda: fit(cfg), lambda: fit(cfg)]
    actions[rank] = lambda: spoiled(spoil)(cfg)
    assert [wait(pid, 120) for pid in fork_ranks(actions)] == [1, 1]
    assert cause in capfd.readouterr().err
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.parametrize("asked", [0, 1])
def test_a_signal_to_either_rank_stops_both_at_the_same_step(tmp_path, asked):
    changes = [
        "data.steps=4000",
        "classifier=fixed",
        "checkpoint_every=4000",
        "data.eval_every=4000",
    ]
    cfg = config(tmp_path, *BASE, *TWO, *changes)
    pids = fork_ranks([lambda: fit(cfg), lambda: fit(cfg)])
    rows = tmp_path / "metrics.csv"
    end = time.monotonic() + 60
    while not (rows.is_file() and len(rows.read_text().splitlines()) > 4):
        assert time.monotonic() < end, "no step within a minute"
        time.sleep(0.05)
    os.kill(pids[asked], signal.SIGTERM)
    assert [wait(pid, 60) for pid in pids] == [143, 143]
    saved = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)["global_step"]
    last = int(rows.read_text().splitlines()[-1].split(",")[0])
    assert saved == last


def test_ranks_do_not_send_their_buffers_in_each_step(monkeypatch):
    """By the name that the installed version of torch has for it: the older one is a warning."""
    given = []
    made = Mock(spec=L.Trainer, _signal_connector=Mock())
    monkeypatch.setattr(trainer, "instantiate", lambda node, **_: given.append(node) or made)
    settings = composed(*SMALL[2:], *TWO, "paths.run=x").trainer
    trainer.build_trainer(settings, 1, [], [], Mock(spec=AtomicCheckpointIO))
    (built,) = given
    names = inspect.signature(DistributedDataParallel.__init__).parameters
    expected = next(name for name in ("forward_sync_buffers", "broadcast_buffers") if name in names)
    assert built.strategy[expected] is False
    assert set(built.strategy) - {"_target_", "timeout"} <= set(names)
    assert settings.strategy.broadcast_buffers is False


def test_one_process_logs_whatever_rank_its_environment_names(tmp_path):
    cfg = config(tmp_path, "data.steps=1", "data.eval_every=1", "classifier=fixed")

    def act():
        rank_zero_only.rank = 1  # as Lightning finds it when it is imported
        train(cfg)

    assert wait(fork(act, {"RANK": "1"})) == 0
    assert len((tmp_path / "metrics.csv").read_text().splitlines()) == 2


def slow_on_the_first(module, name, seconds):
    """Make a function of a module slower, in this process alone."""
    act = getattr(module, name)

    def slow(*arguments, **options):
        time.sleep(seconds)
        return act(*arguments, **options)

    setattr(module, name, slow)


@pytest.mark.slow
def test_ranks_wait_for_the_first_longer_than_for_a_collective_call(tmp_path):
    """It checks and counts the data; the limit is for lost ranks."""
    changes = ["classifier=fixed", "data.rare=repeat", "trainer.strategy.timeout.seconds=4"]
    cfg = config(tmp_path, *BASE, *TWO, *changes)

    def first():
        slow_on_the_first(experiment, "look_at", 6)
        slow_on_the_first(class_balance, "label_census", 6)
        fit(cfg)

    assert [wait(pid, 120) for pid in fork_ranks([first, lambda: fit(cfg)])] == [0, 0]


def test_ranks_that_wait_for_the_first_fail_with_it(tmp_path, capfd):
    cfg = config(tmp_path, *BASE, *TWO, "classifier=fixed")

    def first():
        experiment.look_at = lambda *_, **__: sys.exit("a label is damaged")
        fit(cfg)

    began = time.monotonic()
    assert [wait(pid, 120) for pid in fork_ranks([first, lambda: fit(cfg)])] == [1, 1]
    assert time.monotonic() - began < 50
    assert "the connection to another rank broke" in capfd.readouterr().err


@pytest.mark.parametrize(("asked", "image", "step"), [(1, 0, None), (0, 4, 5)])
def test_a_signal_in_a_validation_stops_all_ranks(tmp_path, monkeypatch, asked, image, step):
    """The first has five images, the second four: at its fifth the first cannot ask the other."""
    monkeypatch.setattr(preemption, "INTERVAL", 1)
    changes = ["data.steps=40", "data.module.val.length=9", "classifier=fixed"]
    cfg = config(tmp_path, *BASE, *TWO, *changes)
    act = preemption.Preemption.on_validation_batch_start

    def noted(self, trainer, module, batch, index, *others):
        if index == image:
            os.kill(os.getpid(), signal.SIGTERM)
        act(self, trainer, module, batch, index, *others)

    def signalled():
        preemption.Preemption.on_validation_batch_start = noted
        fit(cfg)

    actions = [lambda: fit(cfg), lambda: fit(cfg)]
    actions[asked] = signalled
    assert [wait(pid, 60) for pid in fork_ranks(actions)] == [143, 143]
    file = tmp_path / "checkpoints" / "last.ckpt"
    saved = torch.load(file, weights_only=True)["global_step"] if file.is_file() else None
    assert saved == step
