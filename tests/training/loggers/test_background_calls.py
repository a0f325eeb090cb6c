import threading
import time

from segadapt.training.loggers.background_calls import BackgroundCalls


def test_calls_run_in_order_on_another_thread():
    seen = []
    outbox = BackgroundCalls(limit=100)
    for k in range(20):
        outbox.put(lambda k=k: seen.append((k, threading.current_thread().name)))
    outbox.close(patience=10.0)
    assert [k for k, _ in seen] == list(range(20))
    assert {name for _, name in seen} == {"outbox_0"}


def test_failures_are_counted_and_stop_nothing():
    seen = []
    outbox = BackgroundCalls(limit=100)
    for k in range(5):
        outbox.put(lambda k=k: seen.append(1 / (k % 2)))
    outbox.close(patience=10.0)
    assert seen == [1, 1]
    assert [type(error) for error in outbox.errors] == [ZeroDivisionError] * 3
    assert outbox.dropped == 0


def test_a_full_outbox_drops_without_waiting():
    gate = threading.Event()
    outbox = BackgroundCalls(limit=3)
    start = time.perf_counter()
    for _ in range(10):
        outbox.put(gate.wait)
    assert time.perf_counter() - start < 0.5
    gate.set()
    outbox.close(patience=10.0)
    assert outbox.dropped == 7


def test_closing_waits_no_longer_than_its_patience():
    gate = threading.Event()
    outbox = BackgroundCalls(limit=10)
    for _ in range(4):
        outbox.put(gate.wait)
    start = time.perf_counter()
    outbox.close(patience=0.05)
    assert time.perf_counter() - start < 2
    assert outbox.dropped == 4
    gate.set()
