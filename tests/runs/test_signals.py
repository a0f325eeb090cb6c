"""Who acts on a signal once a run has saved."""

import os
import pty
import signal
import threading

import pytest
from runs import fork, wait

from segadapt.runs.errors import Interrupted
from segadapt.runs.session import interruptible
from segadapt.runs.signals import hand_over, handling, leave_terminal, unhandled


@pytest.fixture
def heard():
    """Signals that a scheduler's handler got."""
    numbers = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM)
    found = []
    before = {n: signal.signal(n, lambda number, _: found.append(number)) for n in numbers}
    yield found
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2])
def test_a_scheduler_that_waits_for_its_signal_gets_it(heard, number):
    hand_over(number)
    assert heard == [number]


def test_a_signal_of_a_user_is_not_repeated(heard):
    hand_over(signal.SIGTERM)
    assert heard == []


def test_where_nobody_waits_nothing_happens():
    assert signal.getsignal(signal.SIGUSR2) == signal.SIG_DFL
    hand_over(signal.SIGUSR2)  # its default would end this process


def test_signals_are_handled_within_a_block_alone(heard):
    number = signal.SIGUSR1
    before, found = signal.getsignal(number), []
    with handling([number], lambda number, _: found.append(number)):
        os.kill(os.getpid(), number)
    assert (found, heard) == ([number], [])
    assert signal.getsignal(number) is before


def test_another_thread_than_the_first_handles_nothing():
    found = []

    def run():
        with handling([signal.SIGUSR1], lambda *_: None):
            found.append(signal.getsignal(signal.SIGUSR1))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [signal.SIG_DFL]


def test_what_a_scheduler_handles_is_left_to_it(heard):
    assert signal.SIGTERM not in unhandled()
    assert signal.SIGINT in unhandled()


def test_before_the_first_step_a_scheduler_interrupts_rather_than_fails_a_run():
    """Submitit's handler raises, or ends the process, wherever it is."""

    def raising(*_):
        raise RuntimeError("timed-out too many times")

    before = signal.signal(signal.SIGUSR2, raising)
    try:
        with pytest.raises(Interrupted), interruptible():
            signal.raise_signal(signal.SIGUSR2)
        with pytest.raises(RuntimeError, match="timed-out"):
            hand_over(signal.SIGUSR2)
    finally:
        signal.signal(signal.SIGUSR2, before)


def test_output_after_a_hang_up_goes_nowhere_and_a_file_stays_a_file(tmp_path):
    terminal, ours = pty.openpty()

    def act():
        with (tmp_path / "log").open("w") as log:
            os.dup2(ours, 1)
            os.dup2(log.fileno(), 2)
            os.close(terminal)
            os.close(ours)
            os.write(2, b"before")
            with pytest.raises(OSError, match="Input/output error"):
                os.write(1, b"x")
            leave_terminal()
            os.write(1, b"x")
            os.write(2, b" after")

    child = fork(act)
    os.close(terminal)
    os.close(ours)
    assert wait(child) == 0
    assert (tmp_path / "log").read_text() == "before after"
