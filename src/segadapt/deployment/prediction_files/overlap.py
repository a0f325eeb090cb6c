"""Work in parallel with the network: reading ahead, and writing behind."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

import cv2

Given = TypeVar("Given")
Made = TypeVar("Made")


def ahead(
    make: Callable[[Given], Made], items: Iterable[Given], workers: int, depth: int
) -> Iterator[Made]:
    """``map(make, items)``, made by threads before it is asked for.

    Args:
        make: Function of an item, which spends most of its time outside of Python.
        items: Taken as there is room.
        workers: Number of threads.
        depth: Results that are waiting or being made at most.
    """
    rest = iter(items)
    pool = ThreadPoolExecutor(workers, "reader")
    try:
        waiting = deque(pool.submit(make, item) for item in islice(rest, depth))
        while waiting:
            made = waiting.popleft().result()
            waiting.extend(pool.submit(make, item) for item in islice(rest, 1))
            yield made
    finally:
        pool.shutdown(cancel_futures=True)


class Behind:
    """Writes files in threads, and stops the work if writing fails.

    Args:
        pool: Threads that call the function.
        depth: Pieces that wait at most, before giving another waits, too.
    """

    def __init__(self, pool: ThreadPoolExecutor, depth: int) -> None:
        self.pool, self.room = pool, threading.Semaphore(depth)
        self.pieces: deque[Future[None]] = deque()

    def __call__(self, write: Callable[[], None]) -> None:
        """Write a piece soon.

        Raises:
            OSError: If an earlier piece could not be written.
        """
        while self.pieces and self.pieces[0].done():
            self.pieces.popleft().result()
        self.room.acquire()
        piece = self.pool.submit(write)
        piece.add_done_callback(lambda _: self.room.release())
        self.pieces.append(piece)


@contextmanager
def behind(workers: int, depth: int) -> Iterator[Behind]:
    """Threads that write; at the end everything is written, or its error is raised.

    In the meantime, OpenCV starts no threads of its own, which would compete with the network's.

    Args:
        workers: Number of threads; with one, pieces are written in their order.
        depth: Pieces that wait at most.
    """
    pool = ThreadPoolExecutor(workers, "writer")
    writer = Behind(pool, depth)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(0)
    try:
        yield writer
        for piece in writer.pieces:
            piece.result()
    finally:
        cv2.setNumThreads(threads)
        pool.shutdown(cancel_futures=True)
