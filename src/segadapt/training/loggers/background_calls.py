"""Background calls on a thread, whose failures and delays do not affect the training."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait


class BackgroundCalls:
    """Runs calls one after another on a thread of its own.

    Args:
        limit: Largest number of waiting calls; further ones are dropped and counted.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.dropped = 0
        self.errors: list[BaseException] = []
        self._waiting: deque[Future] = deque()
        self._thread: ThreadPoolExecutor | None = None

    def put(self, call: Callable[[], object]) -> None:
        """Schedule ``call`` and return at once."""
        self._settle()
        if len(self._waiting) >= self.limit:
            self.dropped += 1
        else:
            self._thread = self._thread or ThreadPoolExecutor(1, thread_name_prefix="outbox")
            self._waiting.append(self._thread.submit(call))

    def close(self, patience: float) -> None:
        """Wait for the remaining calls, and end the thread; a later call starts another.

        Args:
            patience: Seconds after which calls that have not started are dropped and counted.
        """
        wait(self._waiting, timeout=patience)
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._thread = None
        self._settle()
        self.dropped += len(self._waiting)
        self._waiting.clear()

    def _settle(self) -> None:
        """Remove completed calls, and record their errors."""
        while self._waiting and self._waiting[0].done():
            future = self._waiting.popleft()
            if future.cancelled():
                self.dropped += 1
            elif error := future.exception():
                self.errors.append(error)
