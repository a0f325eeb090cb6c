"""W&B gets the table of a sweep."""

import json

import pytest
from rich.console import Console
from wandb_stand_in import stand_in

from segadapt.runs.sweeps.execution import rows
from segadapt.runs.sweeps.folder import SweepFolder
from segadapt.runs.sweeps.trial import Trial
from segadapt.runs.sweeps.wandb_table import track

CONFIG = {
    "logger": {
        "_target_": "segadapt.training.loggers.wandb_tracker.WandbTracker",
        "folder": "of the trial",
        "project": "segadapt",
        "mode": "offline",
        "name": None,
        "entity": None,
        "group": None,
    }
}


@pytest.fixture
def fake(monkeypatch):
    return stand_in(monkeypatch)


def made(folder, *facts):
    """Trials with what their run.json says; None where none has begun."""
    trials = []
    for number, fact in enumerate(facts):
        trials.append(Trial(number, (f"tau={5 + number}",), folder / str(number), "val/miou"))
        trials[-1].folder.mkdir(parents=True, exist_ok=True)
        if fact:
            (trials[-1].folder / "run.json").write_text(json.dumps(fact))
    return rows(trials)


def tracked(folder, found, *configs):
    with SweepFolder(folder) as sweep:
        track(sweep, found, configs, Console(quiet=True))


DONE = {"state": "finished", "metrics": {"val/miou": 0.5}}
BAD = {"state": "failed", "cause": "out of memory", "metrics": {"val/miou": 0.9}}


def test_the_table_is_a_run_of_the_group_of_its_trials(fake, tmp_path):
    folder = tmp_path / "sweeps" / "taus"
    tracked(folder, made(folder, DONE, BAD), {"logger": {}}, CONFIG)
    columns = ["trial", "state", "tau", "val/miou", "cause"]
    lines = [[0, "finished", "5", 0.5, None], [1, "failed", "6", None, "out of memory"]]
    assert fake.run.rows == [(0, {"sweep": ("table", columns, lines)})]
    assert fake.run.closed == 0
    about = {name: fake.options[name] for name in ("group", "name", "dir", "project", "mode")}
    assert about == {
        "group": "sweeps/taus",
        "name": "sweep",
        "dir": str(folder),
        "project": "segadapt",
        "mode": "offline",
    }


def test_only_what_is_new_is_sent_again_and_later(fake, tmp_path):
    tracked(tmp_path, made(tmp_path, DONE, None), CONFIG)
    tracked(tmp_path, made(tmp_path, DONE, None), CONFIG)
    assert len(fake.run.rows) == 1
    first = fake.options["id"]
    tracked(tmp_path, made(tmp_path, DONE, DONE), CONFIG)
    (_, _), (step, values) = fake.run.rows
    assert step == 1
    assert [line[1] for line in values["sweep"][2]] == ["finished", "finished"]
    assert fake.options["id"] == first


def test_what_did_not_arrive_is_sent_again(fake, tmp_path):
    def fail():
        raise ConnectionError("no route to host")

    before, fake.before = fake.before, fail
    tracked(tmp_path, made(tmp_path, DONE), CONFIG)
    fake.before = before
    tracked(tmp_path, made(tmp_path, DONE), CONFIG)
    assert [step for step, _ in fake.run.rows] == [0]


@pytest.mark.parametrize("logger", [{}, None, {"_target_": "elsewhere.Logger"}])
def test_a_sweep_without_wandb_sends_nothing(fake, tmp_path, logger):
    tracked(tmp_path, made(tmp_path, DONE), {"logger": logger})
    assert fake.options == {}
    assert not (tmp_path / "wandb").exists()
