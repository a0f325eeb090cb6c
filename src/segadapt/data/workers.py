"""Loader processes: how they start, and the report if one of them fails."""

import multiprocessing
import os
import signal
import threading

import cv2


def start_method(num_workers: int) -> str | None:
    """Start method of loader processes, the ``multiprocessing_context`` of a DataLoader.

    A launcher such as joblib changes the default of its processes to a method of its own, which
    cannot start those of torch. Python's default stays as it is.

    Args:
        num_workers: Loader processes; torch refuses a method where there is none.

    Returns:
        None for the default.
    """
    methods = multiprocessing.get_all_start_methods()
    if num_workers == 0 or multiprocessing.get_start_method() in methods:
        return None
    return "fork" if "fork" in methods else methods[0]


def start_worker(_: int) -> None:
    """Set up a loader process; give it to a DataLoader as ``worker_init_fn``.

    The processes are the parallelism: OpenCV starts no threads of its own. Signals meant for the
    run as a whole (Ctrl-C, a cluster's warning before it takes the machine away) reach every
    process, but only the main one decides what follows, and it may need the batches in work.
    So a worker ignores them, and ends on a SIGTERM that its own parent sends.
    """
    cv2.setNumThreads(0)
    for ignored in (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(ignored, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()


def _end_with_parent(parent: int) -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
        pass
    os._exit(0)


def sentence(error: Exception) -> str:
    """The message of an error for a user, even if a loader process raised it.

    Torch passes an error of a worker on with the traceback as its text, whose last line is the
    error itself: our errors are one line.
    """
    text = str(error)
    if not text.startswith("Caught "):
        return text
    return text.strip().splitlines()[-1].removeprefix(f"{type(error).__name__}: ")
