"""Who acts on a signal once a run has saved."""

import signal

import pytest

from segadapt.signals import hand_over


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
