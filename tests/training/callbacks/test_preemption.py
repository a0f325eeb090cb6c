"""What a training makes of signals."""

import os
import signal
from unittest.mock import Mock

import lightning as L
import pytest

from segadapt.runs.errors import Interrupted
from segadapt.runs.signals import STOPPING
from segadapt.training.callbacks.preemption import Preemption


@pytest.fixture
def trainer():
    return Mock(L.Trainer, accumulate_grad_batches=2, global_step=7, world_size=1)


@pytest.fixture
def callback(trainer):
    """One that listens, and records what it saves."""
    before = [signal.getsignal(number) for number in STOPPING]
    found = Preemption(Mock())
    module = Mock(L.LightningModule)
    found.on_train_start(trainer, module)
    yield found
    found.on_train_end(trainer, module)
    assert [signal.getsignal(number) for number in STOPPING] == before


def step(callback, trainer, number):
    callback.on_train_batch_start(trainer, Mock(L.LightningModule), None, number)


@pytest.mark.parametrize("number", STOPPING)
def test_a_signal_saves_and_stops_before_the_next_optimiser_step(callback, trainer, number):
    step(callback, trainer, 0)
    os.kill(os.getpid(), number)
    step(callback, trainer, 1)  # in the middle of an accumulated one
    callback.save.assert_not_called()
    with pytest.raises(Interrupted) as stopped:
        step(callback, trainer, 2)
    callback.save.assert_called_once_with(trainer)
    assert (stopped.value.signum, str(stopped.value)) == (number, "interrupted at step 7")


def test_a_scheduler_that_sends_several_still_gets_its_checkpoint(callback, trainer):
    for number in (signal.SIGUSR2, signal.SIGTERM, signal.SIGUSR2):
        os.kill(os.getpid(), number)
    with pytest.raises(Interrupted) as stopped:
        step(callback, trainer, 0)
    assert stopped.value.signum == signal.SIGUSR2
    callback.save.assert_called_once_with(trainer)


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_an_impatient_user_ends_it_at_once_which_is_an_interruption(callback, first):
    os.kill(os.getpid(), first)
    with pytest.raises(Interrupted) as stopped:
        os.kill(os.getpid(), signal.SIGINT)
    assert stopped.value.signum == first
    callback.save.assert_not_called()


def test_what_is_ignored_stays_ignored_for_nohup_relies_on_it(trainer):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    callback = Preemption(Mock())
    try:
        callback.on_train_start(trainer, Mock(L.LightningModule))
        os.kill(os.getpid(), signal.SIGHUP)
        step(callback, trainer, 0)
        callback.on_train_end(trainer, Mock(L.LightningModule))
    finally:
        assert signal.signal(signal.SIGHUP, before) == signal.SIG_IGN
    callback.save.assert_not_called()


def validate(callback, trainer, number):
    callback.on_validation_batch_start(trainer, Mock(L.LightningModule), None, number)


def test_a_signal_breaks_a_validation_off_without_a_checkpoint_of_its_step(callback, trainer):
    callback.on_validation_start(trainer, Mock(L.LightningModule))
    validate(callback, trainer, 0)
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(Interrupted, match=r"^interrupted$") as stopped:
        validate(callback, trainer, 1)
    assert stopped.value.signum == signal.SIGTERM
    callback.save.assert_not_called()


def test_a_validation_after_the_training_is_not_broken_off(callback, trainer):
    os.kill(os.getpid(), signal.SIGTERM)
    callback.on_train_end(trainer, Mock(L.LightningModule))
    validate(callback, trainer, 0)
