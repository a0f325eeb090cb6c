"""Processes of a run: how their end is told."""

import os
import signal
import sys
import threading
import time

import pytest

from segadapt.failures import Interrupted, RankFailed
from segadapt.launch import launch


def process(code):
    return (sys.executable, "-c", code)


def test_a_rank_that_dies_before_it_can_stop_in_order_was_interrupted(tmp_path):
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    with pytest.raises(Interrupted):
        launch(tmp_path, 2, process("import time; time.sleep(60)"))
    timer.join()


SAVES = """
import signal, sys, time
for number in (signal.SIGTERM, signal.SIGUSR2):
    signal.signal(number, lambda number, _: sys.exit(128 + number))
open(f"{sys.argv[1]}/ready", "a").write("x")
time.sleep(60)
"""
"""A rank that stops in order."""


def signals(folder, *numbers):
    """Once two ranks listen, sends this process signals from a thread, half a second apart."""

    def send():
        while not (ready := folder / "ready").is_file() or ready.read_text() != "xx":
            time.sleep(0.05)
        for number in numbers:
            os.kill(os.getpid(), number)
            time.sleep(0.5)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2])
def test_a_signal_stops_the_ranks_and_is_told(tmp_path, number):
    thread = signals(tmp_path, number)
    with pytest.raises(Interrupted) as stopped:
        launch(tmp_path, 2, (*process(SAVES), str(tmp_path)))
    thread.join()
    assert stopped.value.signum == number


def test_a_rank_that_a_scheduler_signalled_itself_was_interrupted(tmp_path):
    code = f"raise SystemExit({128 + signal.SIGUSR2})"
    with pytest.raises(Interrupted):
        launch(tmp_path, 2, process(code))


def test_a_second_interrupt_from_the_keyboard_reaches_the_ranks(tmp_path):
    code = SAVES.replace("lambda number, _: sys.exit(128 + number)", "signal.SIG_IGN")
    thread = signals(tmp_path, signal.SIGINT, signal.SIGINT)
    with pytest.raises((Interrupted, RankFailed)):
        launch(tmp_path, 2, (*process(code), str(tmp_path)))
    thread.join()


def test_a_rank_that_is_killed_by_others_has_failed(tmp_path):
    code = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    with pytest.raises(RankFailed, match=r"rank [01] was killed by SIGTERM"):
        launch(tmp_path, 2, process(code))


def test_a_rank_that_ends_badly_ends_the_run_with_its_code(tmp_path):
    with pytest.raises(RankFailed, match=r"exit codes \[.*3"):
        launch(tmp_path, 2, process("raise SystemExit(3)"))


def test_ranks_that_end_well_are_no_event(tmp_path):
    launch(tmp_path, 2, process(""))
