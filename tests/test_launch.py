"""Processes of a run: how their end is told."""

import os
import signal
import sys
import threading

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


def test_a_rank_that_is_killed_by_others_has_failed(tmp_path):
    code = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    with pytest.raises(RankFailed, match=r"rank [01] was killed by SIGTERM"):
        launch(tmp_path, 2, process(code))


def test_a_rank_that_ends_badly_ends_the_run_with_its_code(tmp_path):
    with pytest.raises(RankFailed, match=r"exit codes \[.*3"):
        launch(tmp_path, 2, process("raise SystemExit(3)"))


def test_ranks_that_end_well_are_no_event(tmp_path):
    launch(tmp_path, 2, process(""))
