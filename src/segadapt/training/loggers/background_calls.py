"""Calls that must neither stop nor slow the training: run on a thread, failures counted."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait


class BackgroundCalls:
    """Runs calls one after another on a thread of its own.

    Args:
        limit: How many calls may wait; further ones are dropped and counted.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.dropped = 0
        self.errors: list[BaseException] = []
        self._waiting: deque[Future] = deque()
        self._thread: ThreadPoolExecutor | None = None

    def put(self, call: Callable[[], object]) -> None:
        """Run ``call`` soon; returns at once, whatever becomes of it."""
        self._settle()
        if len(self._waiting) >= self.limit:
            self.dropped += 1
        else:
            self._thread = self._thread or ThreadPoolExecutor(1, thread_name_prefix="outbox")
            self._waiting.append(self._thread.submit(call))

    def close(self, patience: float) -> None:
        """Wait for what is left, and end the thread; a later call starts another.

        Args:
            patience: Seconds; what has not begun by then is dropped and counted.
        """
        wait(self._waiting, timeout=patience)
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._thread = None
        self._settle()
        self.dropped += len(self._waiting)
        self._waiting.clear()

    def _settle(self) -> None:
        """Take what is done off the list, errors into the account."""
        while self._waiting and self._waiting[0].done():
            future = self._waiting.popleft()
            if future.cancelled():
                self.dropped += 1
            elif error := future.exception():
                self.errors.append(error)
