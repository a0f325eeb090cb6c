"""Who has a folder, and for how long."""

import os
import signal
import time

import pytest

from segadapt.locks import LOCK, Held, hold, hold_folder, is_held, true_state


def test_a_lock_is_held_until_it_is_closed(tmp_path):
    assert not is_held(tmp_path)
    lock = hold(tmp_path / LOCK)
    assert is_held(tmp_path)
    with pytest.raises(Held):
        hold(tmp_path / LOCK)
    lock.close()
    assert not is_held(tmp_path)
    hold(tmp_path / LOCK).close()


def test_whoever_holds_a_lock_is_told(tmp_path):
    with hold(tmp_path / LOCK) as lock:
        with pytest.raises(Held) as refused:
            hold(tmp_path / LOCK)
        with pytest.raises(ValueError, match=r"is training in .* choose another folder with run=X"):
            hold_folder(tmp_path, LOCK, "run folder", "training", "run=X")
        assert not lock.closed
    assert refused.value.holder == f"process {os.getpid()} on {os.uname().nodename}"


def test_a_look_in_passing_refuses_nobody(tmp_path):
    (tmp_path / LOCK).touch()
    child = _child(lambda: [is_held(tmp_path) for _ in range(3000)])
    while not os.waitpid(child, os.WNOHANG)[0]:
        hold(tmp_path / LOCK).close()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_that_was_killed_leaves_no_lock_to_those_it_forked(tmp_path):
    """As loader processes, which outlive a training that was killed by some seconds."""

    def hold_and_fork():
        _lock = hold(tmp_path / LOCK)
        orphan = _child(lambda: time.sleep(60))
        (tmp_path / "part").write_text(str(orphan))
        (tmp_path / "part").rename(tmp_path / "orphan")
        time.sleep(60)

    holder = _child(hold_and_fork)
    while not (tmp_path / "orphan").is_file():
        time.sleep(0.01)
    assert is_held(tmp_path)
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)
    orphan = int((tmp_path / "orphan").read_text())
    try:
        os.kill(orphan, 0)  # it lives
        assert not is_held(tmp_path)
    finally:
        os.kill(orphan, signal.SIGKILL)


@pytest.mark.parametrize("said", ["running", "finished", "failed", "interrupted"])
def test_a_run_that_nobody_trains_is_not_running(tmp_path, said):
    assert true_state(tmp_path, said) == ("interrupted" if said == "running" else said)
    with hold(tmp_path / LOCK):
        assert true_state(tmp_path, said) == said


def _child(action):
    if not (pid := os.fork()):
        action()
        os._exit(0)
    return pid
