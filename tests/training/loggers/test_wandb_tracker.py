import os
import sys
import threading
import time
from pathlib import Path
from types import ModuleType

import pytest
import torch
import wandb_files
from runs import fork, wait
from toy import fit
from wandb_stand_in import stand_in

from segadapt.training.loggers import wandb_login, wandb_tracker
from segadapt.training.loggers.wandb_login import logged_in, resolved
from segadapt.training.loggers.wandb_tracker import WandbTracker

SECRET = "s3cr3t-canary-0123456789"


@pytest.fixture(autouse=True)
def _nobody_is_logged_in(monkeypatch, tmp_path):
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")


@pytest.fixture
def fake(monkeypatch):
    return stand_in(monkeypatch)


def test_values_arrive_in_order_with_their_steps(fake, tmp_path):
    tracker = WandbTracker(tmp_path, "project")
    tracker.log_hyperparams({"classifier": {"tau": 15}})
    tracker.log_metrics({"train/loss": 1.0}, step=3)
    tracker.log_image("panels", tmp_path / "a.png", 4)
    tracker.log_table("classes", ["class", "iou"], [("sky", 0.5)], 4)
    tracker.log_metrics({"val/miou": 0.5}, step=2)  # wandb would drop an earlier step
    tracker.finalize("success")
    assert fake.run.settings == {"classifier": {"tau": 15}}
    assert fake.run.rows == [
        (3, {"train/loss": 1.0}),
        (4, {"panels": ("image", str(tmp_path / "a.png"))}),
        (4, {"classes": ("table", ["class", "iou"], [["sky", 0.5]])}),
        (4, {"val/miou": 0.5}),
    ]
    assert fake.run.closed == 0


def test_a_failed_training_is_told_apart(fake, tmp_path):
    tracker = WandbTracker(tmp_path, "project")
    tracker.log_metrics({"a": 1.0}, step=0)
    tracker.finalize("failed")
    assert fake.run.closed == 1


def test_the_run_of_a_folder_keeps_its_id(fake, tmp_path):
    ids = []
    for _ in range(2):
        tracker = WandbTracker(tmp_path, "project")
        assert tracker.version == (ids[0] if ids else None)
        tracker.log_metrics({"a": 1.0}, step=0)
        tracker.finalize("success")
        ids.append(fake.options["id"])
    assert ids[0] == ids[1]
    assert fake.options["resume"] == "allow"


def test_a_closed_run_is_opened_again_by_what_comes_later(fake, tmp_path):
    tracker = WandbTracker(tmp_path, "project")
    for step in range(2):
        tracker.log_metrics({"a": 1.0}, step=step)
        tracker.finalize("success")
        tracker.finalize("success")
    assert [step for step, _ in fake.run.rows] == [0, 1]
    assert fake.options["id"] == tracker.version


def test_values_of_a_run_that_is_opened_again_come_after_its_last_step(fake, tmp_path):
    fake.run.starting_step = 600  # as W&B says of a run that goes on
    tracker = WandbTracker(tmp_path, "project")
    tracker.log_metrics({"a": 1.0}, step=500)
    tracker.finalize("success")
    assert fake.run.rows == [(600, {"a": 1.0})]


def test_nothing_logged_opens_nothing(fake, tmp_path):
    WandbTracker(tmp_path, "project").finalize("success")
    assert fake.options == {}
    assert list(tmp_path.iterdir()) == []


def test_nothing_that_may_hold_secrets_is_sent_along(fake, tmp_path):
    tracker = WandbTracker(tmp_path, "project")
    tracker.log_metrics({"a": 1.0}, step=0)
    tracker.finalize("success")
    settings = fake.options["settings"]
    assert settings["console"] == "off"
    assert settings["disable_git"]
    assert settings["disable_code"]
    assert settings["x_disable_meta"]


def test_a_tracker_that_always_fails_is_survived_and_named(fake, tmp_path):
    def fail():
        raise ConnectionError("no route to host")

    fake.before = fail
    tracker = WandbTracker(tmp_path, "project")
    for step in range(20):
        tracker.log_metrics({"a": 1.0}, step=step)
    tracker.finalize("success")
    assert "W&B missed 22 calls, the first with ConnectionError" in tracker.account()
    assert "metrics.csv has everything" in tracker.account()


@pytest.mark.parametrize("status", ["failed", "success"])
def test_a_run_that_cannot_be_opened_online_goes_on_offline(fake, tmp_path, capsys, status):
    """Also one that is interrupted, at whose end nothing else is printed."""
    begun, init, modes = threading.Event(), fake.init, []

    def opened(**options):
        modes.append((options["mode"], options["id"]))
        if options["mode"] == "online":
            begun.wait(30)
            raise fake.Error("api.wandb.ai did not answer")
        return init(**options)

    fake.init = opened
    tracker = WandbTracker(tmp_path, "project", mode="offline")
    tracker.mode = "online"  # as with a login
    tracker.log_metrics({"a": 1.0}, step=0)
    begun.set()
    tracker.finalize(status)
    files = f"{tmp_path}/wandb/offline-run-*"
    assert capsys.readouterr().err == (
        "warning: W&B could not open the run online (api.wandb.ai did not answer), so it is logged "
        f"offline; upload with: wandb sync {files}\n"
    )
    assert modes == [("online", tracker.version), ("offline", tracker.version)]
    assert fake.run.rows == [(0, {"a": 1.0})]
    assert tracker.account() == f"W&B is offline; upload with: wandb sync {files}"


def test_failures_are_told_once_and_at_once(fake, tmp_path, capsys):
    def fail():
        raise ConnectionError("no route to host")

    fake.before = fail
    tracker = WandbTracker(tmp_path, "project")
    tracker.log_metrics({"a": 1.0}, step=0)
    tracker._outbox._thread.submit(lambda: None).result(30)  # until the calls have failed
    for step in range(1, 4):
        tracker.log_metrics({"a": 1.0}, step=step)
    said = capsys.readouterr().err
    assert said.startswith("warning: W&B missed 2 calls, the first with ConnectionError('no route")
    assert said.count("\n") == 1
    tracker.finalize("failed")
    assert capsys.readouterr().err == ""


def test_an_interrupted_run_tells_what_it_missed(fake, tmp_path, capsys):
    gate = threading.Event()

    def fail():
        gate.wait(30)
        raise ConnectionError("no route to host")

    fake.before = fail
    tracker = WandbTracker(tmp_path, "project")
    tracker.log_metrics({"a": 1.0}, step=0)
    gate.set()
    tracker.finalize("failed")
    assert "warning: W&B missed 3 calls" in capsys.readouterr().err


def test_a_tracker_that_fails_now_and_then_misses_only_that(fake, tmp_path):
    calls = iter(range(100))

    def fail():
        if next(calls) == 5:
            raise TimeoutError

    fake.before = fail
    tracker = WandbTracker(tmp_path, "project")
    for step in range(10):
        tracker.log_metrics({"a": 1.0}, step=step)
    tracker.finalize("success")
    assert len(fake.run.rows) == 9
    assert tracker.account().startswith("W&B missed 1 calls")


def test_a_slow_tracker_costs_no_time(fake, tmp_path):
    gate = threading.Event()
    fake.before = lambda: gate.wait(30)
    tracker = WandbTracker(tmp_path, "project", limit=50, patience=0.1)
    start = time.perf_counter()
    for step in range(200):
        tracker.log_metrics({"a": 1.0}, step=step)
    tracker.finalize("success")
    assert time.perf_counter() - start < 2
    gate.set()
    assert tracker.account().startswith("W&B missed 202 calls")


def test_other_ranks_log_nothing(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(wandb_tracker.rank_zero_only, "rank", 1)
    tracker = WandbTracker(tmp_path, "project")
    tracker.log_metrics({"a": 1.0}, step=0)
    tracker.finalize("success")
    assert fake.options == {}


def test_without_a_login_it_is_offline():
    assert not logged_in()
    assert resolved("auto") == "offline"


@pytest.mark.parametrize("host", wandb_login.HOSTS)
def test_a_login_is_found_in_netrc(tmp_path, host):
    Path(os.environ["NETRC"]).write_text(f"machine {host} login user password {SECRET}\n")
    assert resolved("auto") == "online"


def test_a_login_for_another_server_does_not_count(tmp_path, monkeypatch):
    Path(os.environ["NETRC"]).write_text(f"machine api.wandb.ai login user password {SECRET}\n")
    monkeypatch.setenv("WANDB_BASE_URL", "https://wandb.example.org")
    assert resolved("auto") == "offline"


def test_a_broken_netrc_is_no_login():
    Path(os.environ["NETRC"]).write_text("machine\n")
    assert resolved("auto") == "offline"


def test_a_key_in_the_environment_is_a_login(monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    assert resolved("auto") == "online"
    assert resolved("offline") == "offline"
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert resolved("auto") == "offline"


def test_online_without_a_login_is_refused():
    with pytest.raises(ValueError, match=r"needs a W&B login: run `wandb login`"):
        resolved("online")


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="'onlin'; it must be auto, online, offline or disabled"):
        resolved("onlin")


def test_wandb_itself_offline_keeps_one_run_and_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    monkeypatch.setattr(sys, "argv", ["train.py", f"+password={SECRET}"])
    for part in range(2):
        tracker = WandbTracker(tmp_path, "project", mode="offline")
        tracker.log_hyperparams({"seed": 0})
        for step in range(5):
            tracker.log_metrics({"train/loss": 1.0 / (step + 1)}, step=5 * part + step)
        tracker.log_table("classes", ["class", "iou"], [["sky", 0.5]], 5 * part + 4)
        tracker.finalize("success")
        assert tracker.account() == (
            f"W&B is offline{', in 2 parts of one run' if part else ''}; upload with: "
            f"wandb sync {tmp_path}/wandb/offline-run-*"
        )
    runs = list(tmp_path.glob("wandb/offline-run-*/run-*.wandb"))
    assert len(runs) == 2
    assert {run.stem for run in runs} == {f"run-{tracker.version}"}
    logged = [row for run in sorted(runs) for row in wandb_files.written_rows(run, 5)]
    steps = [row["_step"] for row in logged if "train/loss" in row]
    assert steps == list(range(10))  # the second part continues, or its rows would replace others
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not [file for file in files if SECRET.encode() in file.read_bytes()]


def test_loader_processes_may_import_what_wandb_would_report(tmp_path):
    hooks = pytest.importorskip("wandb.sdk.lib.import_hooks")
    tracker = WandbTracker(tmp_path, "project", mode="offline")
    tracker.log_metrics({"train/loss": 1.0}, step=0)
    tracker._outbox._thread.submit(lambda: None).result(30)  # until the run is open
    child = fork(lambda: hooks.notify_module_loaded(ModuleType("sklearn")))
    assert wait(child, 20) == 0
    tracker.finalize("success")


@pytest.mark.parametrize("before", [None, "fails", "hangs"])
def test_a_training_is_the_same_whatever_the_tracker_does(fake, tmp_path, before):
    gate = threading.Event()

    def fail():
        raise ConnectionError("no route to host")

    fake.before = {None: lambda: None, "fails": fail, "hangs": lambda: gate.wait(30)}[before]
    weights = []
    for logger in (False, WandbTracker(tmp_path, "project", patience=0.1)):
        torch.manual_seed(0)
        _, task = fit([], tmp_path, logger=logger)
        weights.append(torch.cat([value.flatten() for value in task.model.state_dict().values()]))
    gate.set()
    assert weights[0].equal(weights[1])
