"""A stand-in for wandb, which remembers what it is told."""

import sys
from types import SimpleNamespace

from segadapt.training.loggers import wandb_tracker


class FakeRun:
    """Remembers what it is told, after doing ``before`` each time."""

    def __init__(self, before):
        self.before, self.rows, self.settings = before, [], {}
        self.config = SimpleNamespace(update=lambda values, **_: self.settings.update(values))
        self.closed, self.starting_step = None, 0

    def log(self, values, step):
        self.before()
        self.rows.append((step, values))

    def finish(self, exit_code):
        self.before()
        self.closed = exit_code


def stand_in(monkeypatch):
    """A wandb without wandb; ``before`` of it runs before each call."""

    def init(**options):
        wandb.before()
        wandb.options = options
        return wandb.run

    wandb = SimpleNamespace(
        init=init,
        Settings=lambda **settings: settings,
        Image=lambda file: ("image", file),
        Table=lambda columns, data: ("table", columns, data),
        before=lambda: None,
        options={},
        Error=type("Error", (Exception,), {}),
    )
    wandb.run = FakeRun(lambda: wandb.before())
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    monkeypatch.setattr(wandb_tracker, "forget_imports", lambda run: None)
    monkeypatch.setattr(wandb_tracker, "release_runs", lambda: True)
    return wandb
