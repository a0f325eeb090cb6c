"""Processes of a run: how their end is told."""

import os
import signal
import sys
import threading
import time

import pytest

from segadapt.runs.errors import Interrupted, RankFailed, user_message
from segadapt.runs.file_names import ERROR
from segadapt.runs.launch import _start, launch


def process(code):
    return (sys.executable, "-c", code)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_rank_that_dies_before_it_can_stop_in_order_was_interrupted(tmp_path, number):
    timer = threading.Timer(0.3, os.kill, (os.getpid(), number))
    timer.start()
    with pytest.raises(Interrupted) as stopped:
        launch(tmp_path, 2, process("import time; time.sleep(60)"))
    timer.join()
    assert stopped.value.signum == number


def test_a_signal_reaches_ranks_that_are_started_after_it(tmp_path, monkeypatch):
    def start(*arguments):
        os.kill(os.getpid(), signal.SIGTERM)
        return _start(*arguments)

    monkeypatch.setattr("segadapt.runs.launch._start", start)
    with pytest.raises(Interrupted):
        launch(tmp_path, 2, process("import time; time.sleep(60)"))


SAVES = """
import signal, sys, time
for number in (signal.SIGTERM, signal.SIGUSR2, signal.SIGHUP):
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP])
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


def test_a_second_interrupt_from_the_keyboard_ends_ranks_that_listen_to_nothing(tmp_path):
    code = SAVES.replace("lambda number, _: sys.exit(128 + number)", "signal.SIG_IGN")
    thread = signals(tmp_path, signal.SIGINT, signal.SIGINT)
    with pytest.raises(Interrupted) as stopped:
        launch(tmp_path, 2, (*process(code), str(tmp_path)))
    thread.join()
    assert stopped.value.signum == signal.SIGINT
    assert not (tmp_path / ERROR).exists()


FAILS = """
import os, signal, sys, time
from pathlib import Path
folder, rank = Path(sys.argv[1]), os.environ["LOCAL_RANK"]
def fail(sentence):
    (folder / "error.txt").write_text(sentence + chr(10))
    sys.exit(1)
def stop(number, _):
    {stop}
signal.signal(signal.SIGTERM, stop)
open(folder / "ready", "a").write("x")
{then}
time.sleep(60)
"""
"""A rank that does what is put in when it is asked to stop, or without that."""


def test_a_rank_that_fails_over_one_that_was_asked_to_stop_has_not_failed(tmp_path):
    """Once seen: one died of SIGTERM, and the other, which lost it, was polled first."""
    stop = "time.sleep(0.3) or sys.exit(143) if rank == '0' else fail('connection closed')"
    thread = signals(tmp_path, signal.SIGTERM)
    with pytest.raises(Interrupted):
        launch(tmp_path, 2, (*process(FAILS.format(stop=stop, then="")), str(tmp_path)))
    thread.join()
    assert not (tmp_path / ERROR).exists()


def test_what_goes_wrong_while_ranks_stop_is_told(tmp_path):
    code = FAILS.format(stop="fail('cannot write checkpoint: the disk is full')", then="")
    thread = signals(tmp_path, signal.SIGTERM)
    with pytest.raises(RankFailed, match="the disk is full"):
        launch(tmp_path, 2, (*process(code), str(tmp_path)))
    thread.join()


def test_a_rank_that_stops_answering_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("segadapt.runs.launch.PATIENCE", 0.2)
    then = f"if rank != '1': fail({user_message(RuntimeError('[tcp] Timed out waiting 60 ms'))!r})"
    with pytest.raises(RankFailed, match=r"^rank 1 stopped answering; .*Timed out waiting 60 ms"):
        launch(tmp_path, 3, (*process(FAILS.format(stop="pass", then=then)), str(tmp_path)))


def test_a_rank_that_is_killed_by_others_has_failed(tmp_path):
    code = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    with pytest.raises(RankFailed, match=r"rank [01] was killed by SIGTERM"):
        launch(tmp_path, 2, process(code))


def test_a_rank_that_ends_badly_ends_the_run_with_its_code(tmp_path):
    with pytest.raises(RankFailed, match=r"exit codes \[.*3"):
        launch(tmp_path, 2, process("raise SystemExit(3)"))


def test_ranks_that_end_well_are_no_event(tmp_path):
    launch(tmp_path, 2, process(""))


def test_ranks_that_end_before_they_have_read_their_config_are_no_event(tmp_path, monkeypatch):
    def unread(rank, content):
        rank.wait()
        rank.stdin.write(b"config")  # waits in the buffer until it is closed

    monkeypatch.setattr("segadapt.runs.launch._tell", unread)
    launch(tmp_path, 2, process(""))


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2])
def test_ranks_that_a_scheduler_signals_before_they_listen_were_interrupted(tmp_path, number):
    """It signals every process of the job, so also this one."""
    kills = "".join(f"os.kill(os.{whose}(), {number:d});" for whose in ("getppid", "getpid"))
    with pytest.raises(Interrupted) as stopped:
        launch(tmp_path, 1, process(f"import os; {kills}"))
    assert stopped.value.signum == number


def test_a_rank_of_the_environment_is_not_passed_on(tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    code = "import os, pathlib, sys; pathlib.Path(sys.argv[1], os.environ['RANK']).touch()"
    launch(tmp_path, 2, (*process(code), str(tmp_path)))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["0", "1"]
