"""Sessions: one training in its run folder, from start to finish, failure or interruption."""

import math
import shlex
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from omegaconf import DictConfig, OmegaConf

from segadapt.runs.errors import Interrupted, clear, interruption, record
from segadapt.runs.folder import RunFolder
from segadapt.runs.launch import launch
from segadapt.runs.overrides import quoted_override
from segadapt.runs.ranks import check_devices, rank, ranks_to_start
from segadapt.runs.redaction import hidden_words
from segadapt.runs.resumption import checked_config, continued
from segadapt.runs.settings.notes import notes
from segadapt.runs.settings.settle import settle
from segadapt.runs.settings.unread import check_unread
from segadapt.runs.signals import handling, leave_terminal, unhandled
from segadapt.runs.trust import Check
from segadapt.text.borders import print_line
from segadapt.text.invocation import command

Fit = Callable[[DictConfig], dict[str, float]]


def prepare(cfg: DictConfig, words: Sequence[str] = ()) -> None:
    """Check the settings of a training before anything is written, and warn about unusual ones.

    Args:
        cfg: Composed config.
        words: Overrides as typed.

    Raises:
        ValueError: If a setting is invalid, or if a typed one has no effect.
    """
    config = settle(cfg)
    check_unread(config, words)
    for line in notes(config):
        if rank() == 0:
            print_line(f"note: {line}")


def start(cfg: DictConfig, overrides: Sequence[str], fit: Fit) -> dict[str, float]:
    """Train with a config in its folder, or resume the interrupted training there.

    Args:
        cfg: Composed config; ``paths.run`` is the folder.
        overrides: Overrides as typed.
        fit: Trains in this process.

    Returns:
        The last metrics.

    Raises:
        ValueError: If the folder holds something else.
    """
    words = [
        *map(shlex.quote, hidden_words(overrides)),
        quoted_override("hydra.run.dir", cfg.paths.run),
    ]
    check_devices(cfg.trainer, " ".join([command("train"), *words]))
    if rank() > 0:  # under torchrun or srun the first process owns the folder
        return fit(cfg)
    with interruptible():
        return _held(RunFolder.start(Path(cfg.paths.run), cfg, overrides), cfg, fit)


def resume(
    path: Path,
    check: Check,
    fit: Fit,
    steps: Any = None,
    given: Mapping[str, Any] | None = None,
    names: Sequence[str] = (),
) -> dict[str, float]:
    """Resume an interrupted training from its folder alone.

    Args:
        path: Run folder.
        check: Checks the unresolved config, from which everything will be built.
        fit: Trains in this process.
        steps: Optimiser steps to which the run is lengthened; None leaves it unchanged.
        given: Values of secrets, which the folder does not store, by key.
        names: Environment variables that the config may read.

    Returns:
        The last metrics.

    Raises:
        ValueError: If there is no such run, it is finished, or another process holds it.
    """
    with interruptible():
        kept = checked_config(path, check, given, names)
        cfg = continued(path, kept, steps)
        check_devices(cfg.trainer, f"{command('resume')} {quoted_override('run', path)}")
        if rank() == 0:
            return _held(*RunFolder.resume(path, kept, steps), fit)
    return fit(cfg)  # under torchrun or srun the first process owns the folder


def interruptible() -> AbstractContextManager[None]:
    """Stop at once if a signal arrives within the block and nothing else handles it.

    From its first step to its last, a training handles signals itself; this is for the code before
    and after, so that an interruption is never reported as a failure.
    """
    return handling(unhandled(), _stop)


def _stop(number: int, _: FrameType | None) -> None:
    if number == signal.SIGHUP:
        leave_terminal()
    raise Interrupted(number, None)


def _held(folder: RunFolder, cfg: DictConfig, fit: Fit) -> dict[str, float]:
    with _outcome(folder):
        clear(folder.path)
        if count := ranks_to_start(cfg.trainer):
            launch(folder.path, count, told=OmegaConf.to_yaml(cfg, resolve=True).encode())
        else:
            fit(cfg)
    return {
        name: math.nan if value is None else value
        for name, value in folder.state()["metrics"].items()
    }


@contextmanager
def _outcome(folder: RunFolder) -> Iterator[None]:
    """Record in run.json how the block ended."""
    try:
        yield
    except (Interrupted, KeyboardInterrupt, SystemExit):
        folder.interrupt()
        raise
    except BaseException as error:
        if (stop := interruption(error)) is not None:
            folder.interrupt()
            raise stop from error
        folder.fail(record(folder.path, error))
        raise
    else:
        folder.finish()
    finally:
        folder.close()
