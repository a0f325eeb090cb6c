"""A long training takes no more memory than a short one."""

import sys
from pathlib import Path

import pytest
from lightning.pytorch.callbacks import Callback
from runs import config
from unchecked import run_unchecked

from segadapt import experiment

VALIDATIONS = 150


class Footprint(Callback):
    """Writes pages in memory, open files and threads after each validation."""

    def __init__(self, file):
        self.file = file

    def on_validation_end(self, trainer, pl_module):
        pages = Path("/proc/self/statm").read_text().split()[1]
        counts = [len(list(Path(f"/proc/self/{kind}").iterdir())) for kind in ("fd", "task")]
        with self.file.open("a") as file:
            print(pages, *counts, file=file)


def train(folder):
    changes = ["classifier=cac", f"data.steps={VALIDATIONS}", "data.eval_every=1"]
    changes += ["data.batch_size=2", "checkpoint_every=50", "callbacks=default"]
    engine = experiment._engine
    experiment._engine = lambda *parts: [*engine(*parts), Footprint(folder / "footprints")]
    experiment.train(config(folder, *changes))


@pytest.mark.slow
def test_many_validations_take_no_more_memory_than_a_few(tmp_path):
    """In a process of its own: one that was forked copies pages of its parent bit by bit."""
    run_unchecked(Path(__file__), str(tmp_path))
    lines = (tmp_path / "footprints").read_text().splitlines()
    assert len(lines) == VALIDATIONS
    footprints = [list(map(int, line.split())) for line in lines]
    early, late = footprints[4], footprints[-1]
    assert late[0] < 1.01 * early[0]
    assert late[1:] == early[1:]


if __name__ == "__main__":
    train(Path(sys.argv[1]))
