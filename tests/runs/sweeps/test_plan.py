"""A sweep finds its trials again."""

import pytest
from omegaconf import OmegaConf

from segadapt.runs.sweeps.plan import plan


def config(tau, **changes):
    return {"monitor": "val/miou", "tau": tau, "published": None, **changes}


def begin(folder, number, config):
    """As a run folder has it."""
    path = folder / str(number)
    path.mkdir(parents=True)
    paths = {"paths": {"run": str(path)}}
    OmegaConf.save(OmegaConf.create({**config, **paths}), path / "config.yaml")


def numbers(folder, *configs):
    return [trial.number for trial in plan([["x=1"]] * len(configs), configs, folder)]


def test_trials_are_numbered_in_order(tmp_path):
    assert numbers(tmp_path / "new", config(5), config(10)) == [0, 1]


def test_a_sweep_started_again_has_the_same_trials(tmp_path):
    begin(tmp_path, 0, config(5))
    begin(tmp_path, 1, config(10))
    assert numbers(tmp_path, config(5), config(10), config(15)) == [0, 1, 2]


def test_a_sweep_that_has_grown_keeps_what_is_there(tmp_path):
    begin(tmp_path, 0, config(5))
    begin(tmp_path, 1, config(10))
    assert numbers(tmp_path, config(1), config(10), config(2), config(5)) == [2, 1, 3, 0]


def test_what_changes_no_number_changes_no_trial(tmp_path):
    begin(tmp_path, 4, config(5, logger={"mode": "offline"}))
    assert numbers(tmp_path, config(5, logger=None)) == [4]


def test_trials_that_start_from_a_run_are_found_again(tmp_path):
    def start(run, sha256=None):
        return config(5, init={"run": run, "checkpoint": "last", "sha256": sha256})

    begin(tmp_path, 0, start("a", "0123"))  # as filled in at the start
    begin(tmp_path, 1, start("b", "4567"))
    begin(tmp_path, 2, config(5, init={"run": None, "checkpoint": "last", "sha256": None}))
    assert numbers(tmp_path, start("b"), start("c"), start("a")) == [1, 3, 0]
    assert numbers(tmp_path, config(5)) == [2]


def test_twice_the_same_are_two_trials(tmp_path):
    begin(tmp_path, 0, config(5))
    assert numbers(tmp_path, config(5), config(5)) == [0, 1]


@pytest.mark.parametrize("row", [None, {"miou": 44.1}])
def test_rows_of_a_table_that_share_a_recipe_are_told_apart(tmp_path, row):
    begin(tmp_path, 0, config(5, published={"miou": 43.2}))
    assert numbers(tmp_path, config(5, published=row)) == [1]
    assert numbers(tmp_path, config(5, published={"miou": 43.2})) == [0]


def test_other_folders_are_no_trials(tmp_path):
    for name in ("wandb", "1", "notes"):
        (tmp_path / name).mkdir()
    assert numbers(tmp_path, config(5), config(10)) == [0, 1]
