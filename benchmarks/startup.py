"""Time from the command to the first training step, and to the answers that train nothing.

Run it by ``segadapt benchmark startup [repeats=10]``.
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import lightning as L
from benchmarks.harness.goals import Goal, numbers_of, publish
from benchmarks.harness.presentation import timing
from benchmarks.harness.processes import output_of
from lightning.pytorch.callbacks import Callback

from segadapt.analysis.cost.timing import Action, Timing, alternate, ratio, seconds, spread

ROOT = Path(__file__).resolve().parents[1]
IMPORTS = "import lightning, timm, segmentation_models_pytorch"
STOP = "+callbacks.stop._target_=benchmarks.startup.StopAtFirstStep"

COMMANDS: Final[Mapping[str, tuple[tuple[str, ...], int]]] = {
    "imports": (("-c", IMPORTS), 0),
    "first step": (("train.py", STOP), 0),
    "--help": (("train.py", "--help"), 0),
    "--cfg job": (("train.py", "--cfg", "job"), 0),
    "unknown option": (("train.py", "modle=tiny"), 1),
    "unknown choice": (("train.py", "model=tny"), 1),
}
"""Arguments of python and the expected exit code."""


class StopAtFirstStep(Callback):
    """Ends the process where the first training step would begin."""

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        os._exit(0)  # what Lightning, the logger and the loader do at an end is not start-up


def main(arguments: Sequence[str]) -> None:
    """Time every command in turns, in fresh processes with a warm disk cache."""
    (repeats,) = numbers_of(arguments, repeats=10)
    with tempfile.TemporaryDirectory() as folder:
        actions: dict[str, Action] = {
            name: partial(call, command, code, Path(folder))
            for name, (command, code) in COMMANDS.items()
        }
        readings = alternate(actions, repeats, children_clock, warm_up=1)
    goals = [
        Goal(f"first training step / imports alone, {kind} time", _times(readings, kind), 1.15)
        for kind in Timing._fields
    ]
    for name in list(COMMANDS)[2:]:
        goals.append(Goal(name, spread(seconds(readings[name], "wall")).median, 2.0, "s"))
    imports = spread(seconds(readings["imports"], "wall")).median
    title = f"start-up; medians of {repeats} alternating rounds; imports alone {imports:.2f} s"
    publish(
        "startup", title, goals, {name: timing(times, None) for name, times in readings.items()}
    )


def call(command: Sequence[str], code: int, folder: Path) -> None:
    """Run python and check its exit code.

    Raises:
        RuntimeError: If it ends with another exit code.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    where = [f"hydra.run.dir={folder}/{time.time_ns()}"] if command[0] == "train.py" else []
    output_of([sys.executable, *command, *where], code, timeout=600, cwd=ROOT, env=environment)


def children_clock(action: Callable[[], object]) -> Timing:
    """Time a call and the processes it starts."""
    wall, cpu = time.perf_counter(), _children()
    action()
    return Timing(time.perf_counter() - wall, _children() - cpu)


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _times(readings: Mapping[str, Sequence[Timing]], kind: str) -> float:
    first, imports = (seconds(readings[name], kind) for name in ("first step", "imports"))
    return ratio(first, imports).median
