"""Questions about photographs: one at a time, and of each visitor only the latest."""

import threading
import time

import pytest

from segadapt.deployment.demo import turns
from segadapt.deployment.demo.turns import Turns


def test_work_that_waits_is_skipped_once_its_visitor_wants_other_work():
    taken, done, answers, threads = Turns(), [], {}, []

    def ask(visitor, turn):
        answers[visitor, turn] = taken.take(visitor, turn, lambda: done.append(turn) or turn)

    def first():
        """While it works, the others arrive."""
        for question in (("a", 2), ("b", 7), ("a", 3)):
            threads.append(threading.Thread(target=ask, args=question))
            threads[-1].start()
        deadline = time.monotonic() + 30
        while taken._latest.get("a") != 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert done == []
        return 1

    assert taken.take("a", 1, first) == 1
    for thread in threads:
        thread.join(30)
    assert sorted(done) == [3, 7]
    assert answers == {("a", 2): None, ("b", 7): 7, ("a", 3): 3}


def test_a_question_that_arrives_after_a_later_one_is_skipped():
    taken = Turns()
    assert taken.take("a", 2, lambda: "later") == "later"
    assert taken.take("a", 1, lambda: "earlier") is None
    assert taken.take("b", 1, lambda: "other") == "other"


def test_an_error_lets_the_next_one_work():
    taken = Turns()

    def act():
        raise ValueError("broken")

    for turn in (1, 2):
        with pytest.raises(ValueError, match="broken"):
            taken.take("a", turn, act)
    assert taken.take("a", 3, lambda: 3) == 3


def test_few_short_names_are_known(monkeypatch):
    monkeypatch.setattr(turns, "VISITORS", 2)
    taken = Turns()
    for visitor in ("a" * 1000, "b", "c"):
        taken.take(visitor, 5, lambda: None)
    assert list(taken._latest) == ["b", "c"]
    assert taken.take("a" * 1000, 4, lambda: "forgotten") == "forgotten"
    assert max(map(len, taken._latest)) == turns.NAME
