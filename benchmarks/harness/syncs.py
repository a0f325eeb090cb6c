"""Whether a training step ever makes the host wait for the device."""

import copy
import traceback
from pathlib import Path

import torch
from benchmarks.harness.steps import Subject

import segadapt

PACKAGE = Path(segadapt.__file__).parent


def check_gpu(subject: Subject, steps: int = 50) -> None:
    """Train on the GPU, failing at the first operation that waits for it.

    Args:
        subject: On a GPU.
        steps: Optimiser steps.

    Raises:
        ValueError: If one waits, with the place.
    """
    subject.train_step()  # the first one allocates the optimiser's state
    mode = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(steps):
            subject.train_step()
    except RuntimeError as error:
        if "synchroniz" not in str(error):
            raise
        raise ValueError(f"a training step waits for the GPU {_place(error)}: {error}") from error
    finally:
        torch.cuda.set_sync_debug_mode(mode)


def check_values(subject: Subject) -> None:
    """Forward, losses and backward on tensors without values, for machines without a GPU.

    What reads a value on the host (``item``, ``nonzero``, boolean indexing) would make it wait, and
    fails here.

    Args:
        subject: On a CPU.

    Raises:
        ValueError: If a value is read, with the place.
    """
    model = copy.deepcopy(subject.model).to("meta")
    objective = copy.deepcopy(subject.objective).to("meta")
    image, mask = subject.batch.image.to("meta"), subject.batch.mask.to("meta")
    try:
        objective(model(image, mask), mask).total.backward()
    except (RuntimeError, NotImplementedError) as error:
        raise ValueError(f"a training step reads a value {_place(error)}: {error}") from error


def _place(error: BaseException) -> str:
    """The innermost line of this package that the error passed, or of any if it passed none."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(PACKAGE)]
    frame = (own or frames)[-1]
    file = Path(frame.filename)
    return f"in {file.relative_to(PACKAGE) if own else file} line {frame.lineno}"
