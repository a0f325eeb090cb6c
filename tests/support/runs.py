"""Small real trainings in processes of their own: forked, so that nothing is imported twice."""

import hashlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import torch
from compositions import composed
from omegaconf import DictConfig
from preloading import preload

SMALL = (
    "data=synthetic",
    "model=tiny_group",
    "data.module.train.size=32",
    "data.module.val.size=32",
    "trainer=cpu",
    "trainer.log_every_n_steps=1",
    "logger=none",
    "callbacks=none",
)


def config(folder: Path, *overrides: str) -> DictConfig:
    """A composed config of a training that takes some 20 ms a step."""
    cfg = composed(*SMALL, *overrides)
    cfg.paths.run = str(folder)
    return cfg


def fork(action: Callable[[], object], environment: Mapping[str, str] | None = None) -> int:
    """Run something in a child process; its id. The child's exit code is that of a command."""
    preload()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 70
    with suppress(BaseException):
        os.environ.update(environment or {})
        torch.set_num_threads(1)
        code = _code(action)
    os._exit(code)


def _code(action: Callable[[], object]) -> int:
    from segadapt.runs.errors import Interrupted, user_message

    try:
        action()
    except Interrupted as interruption:
        return interruption.exit_code
    except BaseException as error:
        print(f"child: {user_message(error)}", file=sys.stderr, flush=True)
        return 1
    return 0


def wait(pid: int, patience: float = 300) -> int:
    """The exit code of a child; negative where a signal ended it."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise TimeoutError(f"child {pid} did not end within {patience} s")


def state(folder: Path) -> str:
    """A digest of everything that a run has learnt: weights, buffers, optimiser, schedule."""
    content = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    found = hashlib.sha256(str(content["global_step"]).encode())
    for part in ("state_dict", "optimizer_states", "lr_schedulers"):
        _digest(content[part], found)
    return found.hexdigest()


def _digest(node: object, found: "hashlib._Hash") -> None:
    match node:
        case dict():
            for key, value in node.items():
                found.update(str(key).encode())
                _digest(value, found)
        case list() | tuple():
            for value in node:
                _digest(value, found)
        case torch.Tensor():
            found.update(node.contiguous().numpy().tobytes())
        case _:
            found.update(repr(node).encode())


def fork_ranks(actions: "list[Callable[[], object]]") -> list[int]:
    """Run one action in each of several ranks; their process ids."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": str(len(actions)), "MASTER_ADDR": "127.0.0.1", "NODE_RANK": "0"}
    return [
        fork(action, {**shared, "MASTER_PORT": str(port), "LOCAL_RANK": str(rank)})
        for rank, action in enumerate(actions)
    ]
