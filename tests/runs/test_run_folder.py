"""One training in a folder, and what its run.json says."""

import errno
import json
import os
import shutil
from pathlib import Path
from unittest.mock import Mock

import pytest
from omegaconf import OmegaConf

from segadapt.locks import true_state
from segadapt.runs import session
from segadapt.runs.errors import Interrupted
from segadapt.runs.folder import RunFolder, update_state
from segadapt.runs.lengthening import POLY
from segadapt.runs.overrides import quoted_override
from segadapt.runs.resumption import checked_config
from segadapt.runs.settings.settle import resolved_config
from segadapt.runs.stored_config import stored_config
from segadapt.runs.trust import trusting

METRICS = {"val/miou": 0.5, "val/iou/sky": None}


def cfg(path, **changes):
    facts = {
        "paths": {"run": str(path)},
        "trainer": {"devices": 1, "accelerator": "cpu", "max_steps": 600},
        "data": {"steps": 600, "module": {"steps": 600}},
        "schedule": {"_target_": POLY, "_partial_": True, "power": 0, "warmup": 0, "steps": 600},
    }
    return OmegaConf.create({**facts, "seed": 0, "tau": "${seed}", **changes})


def said(path):
    return json.loads((path / "run.json").read_text())


def begin(path, **changes):
    return RunFolder.start(path, cfg(path, **changes), ["seed=0"])


def fit(config):
    """A training without the training."""
    update_state(Path(config.paths.run), metrics=METRICS)
    return {}


def test_a_run_begins_with_its_config_and_what_was_typed(tmp_path):
    begin(tmp_path / "run").close()
    assert OmegaConf.load(tmp_path / "run" / "config.yaml").tau == 0  # resolved
    assert OmegaConf.load(tmp_path / "run" / "overrides.yaml") == ["seed=0"]
    state = said(tmp_path / "run")
    assert (state["state"], state["starts"]) == ("running", 1)


def test_a_run_that_went_well_is_finished(tmp_path):
    metrics = session.start(cfg(tmp_path), [], fit)
    assert metrics["val/miou"] == 0.5
    assert metrics["val/iou/sky"] != metrics["val/iou/sky"]  # null in the file is nan
    assert said(tmp_path)["state"] == "finished"
    assert said(tmp_path)["metrics"] == METRICS


@pytest.mark.parametrize("error", [ValueError("label a.png holds 7"), IndexError("2")])
def test_a_run_that_did_not_is_failed_with_its_cause(tmp_path, error):
    def fault(_):
        raise error

    with pytest.raises(type(error)):
        session.start(cfg(tmp_path), [], fault)
    assert said(tmp_path)["state"] == "failed"
    assert str(error) in said(tmp_path)["cause"]
    assert "Traceback" in (tmp_path / "error.txt").read_text()


@pytest.mark.parametrize("stop", [Interrupted(15, 3), KeyboardInterrupt()])
def test_a_run_that_was_stopped_goes_on(tmp_path, stop):
    def stopped(_):
        raise stop

    def stopped_in_a_library(_):
        try:
            raise stop
        finally:
            raise AttributeError("a library cleans up")

    for fault in (stopped, stopped_in_a_library):
        with pytest.raises(type(stop)):
            session.start(cfg(tmp_path), [], fault)
        assert said(tmp_path)["state"] == "interrupted"
    session.start(cfg(tmp_path), [], fit)
    assert (said(tmp_path)["state"], said(tmp_path)["starts"]) == ("finished", 3)


def test_a_failed_run_may_be_tried_again(tmp_path):
    folder = begin(tmp_path)
    folder.fail("no room")
    folder.close()
    begin(tmp_path).close()
    assert said(tmp_path)["state"] == "running"
    assert "cause" not in said(tmp_path)


def test_two_processes_do_not_train_in_one_folder(tmp_path):
    held = begin(tmp_path)
    with pytest.raises(ValueError, match=r"process \d+ on .+ is training in .+; wait for it"):
        begin(tmp_path)
    held.close()
    begin(tmp_path).close()


@pytest.mark.parametrize(
    ("finished", "changes", "reason"),
    [
        (True, {}, "has finished at step 600 of 600; nothing was changed"),
        (True, {"data": {"steps": 2400}}, "has finished at step 600 of 600; nothing"),
        (False, {"seed": 1}, r"another config \(seed was 0, now 1; tau was 0, now 1\)"),
    ],
)
def test_another_run_is_refused_and_the_folder_let_go(tmp_path, finished, changes, reason):
    folder = begin(tmp_path)
    checkpointed(tmp_path)
    if finished:
        folder.finish()
    folder.close()
    before = contents(tmp_path)
    with pytest.raises(ValueError, match=reason):
        begin(tmp_path, **changes)
    assert contents(tmp_path) == before
    RunFolder(tmp_path).close()  # nobody holds it


@pytest.mark.parametrize("finished", [True, False])
def test_a_damaged_config_refuses_the_start_and_lets_the_folder_go(tmp_path, finished):
    folder = begin(tmp_path)
    checkpointed(tmp_path)
    if finished:
        folder.finish()
    folder.close()
    (tmp_path / "config.yaml").write_bytes(b"seed: \xff")
    with pytest.raises(ValueError, match="not UTF-8") as refusal:
        begin(tmp_path)
    assert refusal.value.__traceback__  # whose frames would keep an unreleased lock
    RunFolder(tmp_path).close()


def checkpointed(path):
    (path / "checkpoints").mkdir()
    (path / "checkpoints" / "last.ckpt").touch()


def contents(path):
    files = {file.relative_to(path): file for file in path.rglob("*") if file.is_file()}
    return {str(name): file.read_bytes() for name, file in files.items()}


def failed(path, **changes):
    folder = begin(path, **changes)
    (path / "wandb").mkdir()
    (path / "wandb" / "id").write_text(str(changes))
    folder.fail("no such folder")
    folder.close()
    return contents(path)


def test_a_corrected_config_takes_the_place_of_one_that_came_to_nothing(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    attempts = []
    for seed in range(2):
        left = failed(tmp_path, seed=seed)
        attempts.append({k: v for k, v in left.items() if "attempts" not in k})
    begin(tmp_path, seed=2).close()
    assert (
        f"moved an earlier attempt without a checkpoint to {tmp_path}/attempts/2"
        in capsys.readouterr().out
    )
    for number, left in enumerate(attempts, 1):
        left.pop("notes.txt"), left.pop(".lock")
        assert contents(tmp_path / "attempts" / str(number)) == left
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert not (tmp_path / "wandb").exists()
    assert stored_config(tmp_path)["seed"] == 2
    assert (said(tmp_path)["state"], said(tmp_path)["starts"]) == ("running", 1)


def test_putting_aside_goes_on_where_it_was_cut_short(tmp_path):
    left = failed(tmp_path)
    place = tmp_path / "attempts" / "1"
    place.mkdir(parents=True)
    (tmp_path / "config.yaml").rename(place / "config.yaml")
    begin(tmp_path, seed=1).close()
    left.pop(".lock")
    assert contents(place) == left


def test_the_same_config_is_tried_again_in_its_own_record(tmp_path):
    failed(tmp_path)
    begin(tmp_path).close()
    assert not (tmp_path / "attempts").exists()
    assert said(tmp_path)["failures"] == ["no such folder"]


def test_a_moved_folder_is_resumed_where_it_lies_now(tmp_path):
    begin(tmp_path / "old", panels=str(tmp_path / "old" / "panels")).close()
    shutil.move(tmp_path / "old", tmp_path / "new")
    folder, config = RunFolder.resume(tmp_path / "new", checked_config(tmp_path / "new", trusting))
    folder.close()
    assert config.paths.run == str(tmp_path / "new")
    assert config.panels == str(tmp_path / "new" / "panels")
    assert stored_config(tmp_path / "new") == config


def test_a_config_that_is_not_trusted_is_not_resumed(tmp_path):
    begin(tmp_path).close()

    def check(_):
        raise ValueError("not trusted")

    with pytest.raises(ValueError, match="not trusted"):
        RunFolder.resume(tmp_path, checked_config(tmp_path, check))
    assert said(tmp_path)["starts"] == 1


@pytest.mark.parametrize("name", ["config.yaml", "run.json"])
def test_something_else_is_no_run_folder(tmp_path, name):
    begin(tmp_path).close()
    (tmp_path / name).unlink()
    with pytest.raises(ValueError, match=f"is not a run folder: {name} is missing"):
        RunFolder.resume(tmp_path, checked_config(tmp_path, trusting))


def test_a_value_that_is_still_asked_for_is_named():
    with pytest.raises(ValueError, match=r"data\.num_classes has no value; set data\.num_"):
        resolved_config(OmegaConf.create({"data": {"num_classes": "???"}}))


def finished(path, **changes):
    folder = begin(path, **changes)
    checkpointed(path)
    folder.finish()
    folder.close()
    return path


def test_a_finished_run_says_how_far_it_is_and_what_can_be_done(tmp_path):
    path = finished(tmp_path / "a run")
    before = contents(path)
    with pytest.raises(ValueError, match="has finished at step 600 of 600") as told:
        RunFolder.resume(path, checked_config(path, trusting))
    run = quoted_override("run", path)
    assert f"python scripts/evaluate.py {run}" in str(told.value)
    assert f"python scripts/resume.py {run} data.steps=N" in str(told.value)
    assert contents(path) == before
    RunFolder(path).close()  # nobody holds it


def test_a_run_is_lengthened_and_stays_so(tmp_path):
    finished(tmp_path)
    for steps in (1000, None):  # interrupted, and resumed without a word
        folder, config = RunFolder.resume(tmp_path, checked_config(tmp_path, trusting), steps)
        folder.close()
        assert said(tmp_path)["state"] == "running"
        for found in (config, OmegaConf.create(stored_config(tmp_path))):
            assert found.data.steps == found.data.module.steps == found.schedule.steps == 1000
            assert found.trainer.max_steps == 1000


def test_the_overrides_of_a_lengthened_run_state_its_steps(tmp_path):
    folder = finished(tmp_path)
    for steps in (1000, 2000):
        RunFolder.resume(folder, checked_config(folder, trusting), steps)[0].close()
        words = OmegaConf.load(folder / "overrides.yaml")
        assert words == ["seed=0", f"data.steps={steps}"]
    (folder / "overrides.yaml").unlink()  # as in the folder of an earlier version
    RunFolder.resume(folder, checked_config(folder, trusting), 3000)[0].close()
    assert not (folder / "overrides.yaml").exists()


def test_damaged_overrides_are_named_before_a_run_is_lengthened(tmp_path):
    (finished(tmp_path) / "overrides.yaml").write_text("a: 1")
    before = contents(tmp_path)
    with pytest.raises(ValueError, match=r"overrides\.yaml"):
        RunFolder.resume(tmp_path, checked_config(tmp_path, trusting), 1000)
    assert contents(tmp_path) == before


def test_a_run_that_cannot_be_lengthened_is_left_as_it_is(tmp_path):
    schedule = {"_target_": POLY, "_partial_": True, "power": 0.9, "warmup": 0, "steps": 600}
    before = contents(finished(tmp_path, schedule=schedule))
    with pytest.raises(ValueError, match=r"cannot be lengthened .*poly, power 0\.9"):
        RunFolder.resume(tmp_path, checked_config(tmp_path, trusting), 1000)
    assert contents(tmp_path) == before
    RunFolder(tmp_path).close()  # nobody holds it


@pytest.mark.parametrize("place", ["file", "file/run", "/sys/run", "/proc/nothing/run"])
def test_a_place_where_no_folder_can_be_is_one_sentence(tmp_path, place):
    (tmp_path / "file").write_text("mine")
    path = tmp_path / place
    with pytest.raises(ValueError, match=r"cannot write the run folder .*hydra\.run\.dir=FOLDER"):
        begin(path)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("number", [errno.EROFS, errno.EPERM, errno.EACCES, errno.ENOSPC])
def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path, monkeypatch, number):
    """As read-only, immutable and full ones, which not every machine can have for a test."""

    def refuse(file, *_):
        raise OSError(number, os.strerror(number), str(file))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ValueError, match=os.strerror(number)) as told:
        begin(tmp_path / "run")
    assert f"cannot write the run folder {tmp_path / 'run'} (" in str(told.value)


def test_a_full_disk_does_not_hide_why_a_run_ended(tmp_path, monkeypatch, capsys):
    def fault(_):
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "run.json")
        monkeypatch.setattr("segadapt.runs.folder.update_state", Mock(side_effect=full))
        raise ValueError("label a.png holds 7")

    with pytest.raises(ValueError, match="holds 7"):
        session.start(cfg(tmp_path), [], fault)
    assert "run.json could not be written: No space left on device" in capsys.readouterr().err
    state = said(tmp_path)["state"]
    assert (state, true_state(tmp_path, state)) == ("running", "interrupted")


NAMES = ["config.yaml", "overrides.yaml", "metrics.csv", "init.json", "wandb", "checkpoints"]


@pytest.mark.parametrize("name", NAMES)
def test_files_of_something_else_are_not_overwritten(tmp_path, name):
    if "." in name:
        (tmp_path / name).write_text("mine")
    else:
        (tmp_path / name).mkdir()
    before = contents(tmp_path)
    with pytest.raises(ValueError, match=f"run.json is missing.* holds {name}, .*hydra.run.dir="):
        begin(tmp_path)
    assert contents(tmp_path) == {**before, ".lock": b""}
    RunFolder(tmp_path).close()  # nobody holds it


@pytest.mark.parametrize("written", [[], ["overrides.yaml"], ["overrides.yaml", "config.yaml"]])
def test_a_start_that_was_killed_before_it_wrote_its_state_is_repeated(tmp_path, written):
    begin(tmp_path).close()
    for file in tmp_path.iterdir():
        if file.name not in written:
            file.unlink()
    begin(tmp_path).close()
    assert said(tmp_path)["starts"] == 1


def test_weights_that_an_attempt_began_with_are_put_aside_with_it(tmp_path):
    failed(tmp_path)
    (tmp_path / "init.json").write_text("{}")
    begin(tmp_path, seed=1).close()
    assert not (tmp_path / "init.json").exists()
    assert (tmp_path / "attempts" / "1" / "init.json").is_file()


@pytest.fixture
def second_rank(monkeypatch):
    """The environment that torchrun gives to the second of two processes."""
    for name, value in {"RANK": 1, "LOCAL_RANK": 1, "WORLD_SIZE": 2}.items():
        monkeypatch.setenv(name, str(value))


TWO = {"trainer": {"devices": 2, "accelerator": "cpu", "max_steps": 600}}


@pytest.mark.parametrize("steps", [None, 1000])
def test_other_ranks_resume_beside_the_first_which_holds_the_folder(tmp_path, second_rank, steps):
    begin(tmp_path, **TWO).close()
    seen = []
    for begun in (False, True):  # the first may be earlier or later
        folder = (
            RunFolder.resume(tmp_path, checked_config(tmp_path, trusting), steps)[0]
            if begun
            else None
        )
        before = contents(tmp_path)
        assert session.resume(tmp_path, trusting, lambda cfg: seen.append(cfg) or {}, steps) == {}
        assert contents(tmp_path) == before
        if folder is not None:
            folder.close()
    assert [cfg.data.steps for cfg in seen] == [steps or 600] * 2
    assert seen[0] == seen[1]


def test_a_file_that_another_rank_replaces_meanwhile_is_not_refused(tmp_path, monkeypatch):
    begin(tmp_path).close()
    gone = tmp_path / ".run.json.partial-1"
    monkeypatch.setattr("segadapt.runs.reader._entries", lambda _: iter([gone]))
    RunFolder.resume(tmp_path, checked_config(tmp_path, lambda config: config))[0].close()


def test_other_ranks_do_not_resume_a_finished_run(tmp_path, second_rank):
    finished(tmp_path, **TWO)
    with pytest.raises(ValueError, match="has finished at step 600 of 600"):
        session.resume(tmp_path, trusting, fit)


def test_processes_of_a_launcher_do_not_train_alone(tmp_path, second_rank):
    with pytest.raises(ValueError, match="WORLD_SIZE=2, but "):
        session.start(cfg(tmp_path / "run"), [], fit)
    assert not (tmp_path / "run").exists()
    begin(tmp_path / "run").close()
    before = contents(tmp_path)
    with pytest.raises(ValueError, match="WORLD_SIZE=2, but "):
        session.resume(tmp_path / "run", trusting, fit)
    assert contents(tmp_path) == before


def test_a_run_on_several_machines_names_the_command_that_a_launcher_starts(tmp_path):
    several = {"trainer": {**TWO["trainer"], "num_nodes": 3}}
    run = tmp_path / "run"
    with pytest.raises(ValueError, match=f"srun .*train.py seed=1 hydra.run.dir={run}$"):
        session.start(cfg(run, **several), ["seed=1"], fit)
    begin(run, **several).close()
    before = contents(run)
    with pytest.raises(ValueError, match=f"--ntasks-per-node=2 python .*resume.py run={run}$"):
        session.resume(run, trusting, fit)
    assert contents(run) == before
