import threading
import time

import cv2
import pytest

from segadapt.deployment.prediction_files.overlap import ahead, behind


def test_results_come_in_order_and_are_made_ahead():
    made, gate = [], threading.Event()

    def make(item):
        if item == 0:
            gate.wait(5)
        made.append(item)
        return item * item

    results = ahead(make, iter(range(8)), workers=2, depth=4)
    taker = threading.Thread(target=lambda: made.append(("first", next(results))))
    taker.start()
    while len(made) < 3:  # 1, 2 and 3 are made while 0 is waited for, and no more
        time.sleep(0.001)
    assert made == [1, 2, 3]
    gate.set()
    taker.join()
    assert [*results] == [n * n for n in range(1, 8)]


def test_no_more_is_read_once_nobody_asks():
    made = []
    results = ahead(made.append, range(1000), workers=1, depth=2)
    next(results)
    results.close()
    assert len(made) < 6


def test_everything_is_written_before_the_end():
    written = []
    with behind(2, 3) as write:
        for n in range(20):
            write(lambda n=n: written.append(n))
    assert sorted(written) == list(range(20))


def test_an_error_of_writing_ends_the_work():
    def fail():
        raise OSError(28, "No space left on device")

    done = 0
    with pytest.raises(OSError, match="No space left"), behind(1, 2) as write:  # noqa: PT012
        for _ in range(1000):
            write(fail)
            done += 1
    assert done < 1000


def test_an_error_of_the_work_is_not_hidden_by_writing():
    with pytest.raises(ValueError, match="broken"), behind(1, 1) as write:  # noqa: PT012
        write(lambda: None)
        raise ValueError("broken")


def test_opencv_has_no_threads_of_its_own_while_files_are_written():
    before, seen = cv2.getNumThreads(), []
    with behind(1, 2) as write:
        write(lambda: seen.append(cv2.getNumThreads()))
    assert seen == [1]
    assert cv2.getNumThreads() == before
