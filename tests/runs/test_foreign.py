"""Every command reads run folders that were spoilt: a sentence at once, and nothing elsewhere."""

import os
import random
import signal
import sys
from pathlib import Path

import pytest
from foreign_folders import copied, make_folder, spoil
from omegaconf import OmegaConf

from segadapt.analysis.comparison.compare_runs import compare_runs
from segadapt.analysis.figures.branch_curves import branch_curves
from segadapt.analysis.figures.selection import check_chosen
from segadapt.data.cached_features import read_set
from segadapt.evaluation.evaluate import _free, _measurement
from segadapt.runs.config import resolved
from segadapt.runs.converted import run_of
from segadapt.runs.environment import keep_environment
from segadapt.runs.errors import recorded, user_message
from segadapt.runs.folder import RunFolder
from segadapt.runs.reader import read_run
from segadapt.runs.resumption import checked_config
from segadapt.runs.stored_config import read_config, read_overrides
from segadapt.runs.sweeps.plan import read_trials
from segadapt.runs.sweeps.trial import Trial, trial_status
from segadapt.runs.trust import check
from segadapt.training.loggers.metrics_csv import MetricsFile
from segadapt.training.loggers.wandb_tracker import WandbTracker

SECONDS = 10
"""Of a processor, that all readers of one folder may take together."""

ROOMS: list[str] = []
"""Where files may be written at this moment; empty: anywhere."""

OUTSIDE: list[str] = []
"""What was written elsewhere."""

CHANGES = {"os.mkdir": 0, "os.remove": 0, "os.rename": 1, "os.link": 1, "os.symlink": 1}
"""Events of the interpreter, and which of their arguments is the file."""


def watch(event, arguments):
    if not ROOMS:
        return
    if event == "open":
        path, mode, flags = arguments
        if not (set(mode or "") & set("wax+") or (flags or 0) & (os.O_WRONLY | os.O_RDWR)):
            return
    elif event in CHANGES:
        path = arguments[CHANGES[event]]
    elif event == "subprocess.Popen" and arguments[0] in ("git", "uname"):  # of the environment
        return
    elif event in ("os.system", "subprocess.Popen"):
        path = f"{event} {arguments[0]}"
    else:
        return
    if isinstance(path, int) or str(path) == "/dev/null":
        return
    place = Path(os.fsdecode(path)).absolute()
    if event in CHANGES:  # which are about a name, whatever it leads to
        place = Path(os.path.realpath(place.parent)) / place.name
    else:
        place = Path(os.path.realpath(place))
    if not any(place.is_relative_to(room) for room in ROOMS):
        OUTSIDE.append(f"{event} {path}")


sys.addaudithook(watch)


def resume(folder):
    run, _ = RunFolder.resume(folder, checked_config(folder, check))
    run.close()


def start(folder):
    cfg = OmegaConf.create({"seed": 0, "paths": {"run": str(folder)}})
    RunFolder.start(folder, cfg, []).close()


def compared(folder, out):
    outputs = [out / f"table.{ending}" for ending in ("md", "tex", "csv", "html")]
    compare_runs([folder.parent], None, outputs, None, False, None)


def drawn(folder, out):
    compare_runs([folder.parent], None, [], out, False, None)


READERS = {
    "evaluate": lambda folder, out: read_run(str(folder), "last", check),
    "evaluate's report": lambda folder, out: _free(
        read_run(str(folder), "last", check), "whole-last", {}
    ),
    "evaluate's stamp": lambda folder, out: read_overrides(folder),
    "report": compared,
    "report of evaluations": lambda folder, out: compare_runs(
        [folder], None, [], None, True, None, None, "whole-last"
    ),
    "figures": lambda folder, out: check_chosen({"a": folder, "b": folder}, "last", True),
    "figures' curves": lambda folder, out: branch_curves(folder),
    "sweep": lambda folder, out: read_trials(folder.parent),
    "trial": lambda folder, out: trial_status(Trial(0, (), folder, "val/miou")),
    "convert": lambda folder, out: run_of(folder / "checkpoints" / "last.ckpt"),
    "tracker": lambda folder, out: WandbTracker(folder, "p", "offline").version,
    "error": lambda folder, out: recorded(folder),
    "cached features": lambda folder, out: read_set(folder / "features"),
    "resume": lambda folder, out: resume(folder),
    "resume's metrics": lambda folder, out: MetricsFile(folder / "metrics.csv").log_metrics(
        {"a": 1.0}, 50
    ),
    "resume's environment": lambda folder, out: keep_environment(folder, 1, "32-true", "strips"),
    "train": lambda folder, out: start(folder),
}
"""What each command reads of a run folder; the last ones write into it."""


FINISHED = ("holds a finished run", "has finished at step", "holds a training")
"""What training, resuming and converting say of a good run that has ended."""


def overtime(*_):
    raise TimeoutError(f"more than {SECONDS} s")


def read(readers, folder, out):
    """Let readers at a folder; sentences of those that refuse it, and what is wrong with others."""
    wrong, said = [], []
    for name, reader in readers.items():
        try:
            reader(folder, out)
        except (ValueError, OSError) as error:
            text = user_message(error)
            said += [] if any(part in text for part in FINISHED) else [text]
            if not text or "\n" in text or len(text) > 2000 or "Unexpected error" in text:
                wrong.append(f"{name}: {text[:300]!r}")
        except BaseException as error:
            wrong.append(f"{name}: {error!r}"[:300])
    return wrong, said


def fuzz(base, seeds, readers):
    """Faults, each with the number that repeats it; and how many folders were refused."""
    room, elsewhere, out = base / "room", base / "elsewhere", base / "out"
    for place in (room, elsewhere, out):
        place.mkdir()
    made, faults, refused = make_folder(room / "made"), [], 0
    before = signal.signal(signal.SIGPROF, overtime)
    try:
        for seed in seeds:
            folder = copied(made, room / "spoilt")
            done = spoil(folder, elsewhere, random.Random(seed))
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            ROOMS[:] = [str(room), str(out)]
            wrong, said = read(readers, folder, out)
            ROOMS.clear()
            signal.setitimer(signal.ITIMER_PROF, 0)
            refused += bool(said)
            faults += [f"{seed}, {done}: {fault}" for fault in wrong]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        ROOMS.clear()
    faults += OUTSIDE + [str(file) for file in elsewhere.rglob("*")]
    OUTSIDE.clear()
    return faults, refused


@pytest.fixture
def _nowhere(tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("nowhere"))


@pytest.mark.usefixtures("_nowhere")
def test_the_watch_sees_what_is_written_elsewhere(tmp_path):
    ROOMS[:] = [str(tmp_path / "room")]
    (tmp_path / "x").write_text("x")
    ROOMS.clear()
    assert [text.partition(" ")[0] for text in OUTSIDE] == ["open"]
    OUTSIDE.clear()


@pytest.mark.usefixtures("_nowhere")
def test_spoilt_folders_are_refused_in_a_sentence(tmp_path):
    faults, refused = fuzz(tmp_path, range(12), READERS)
    assert faults == []
    assert refused >= 4
    assert not list(Path.cwd().iterdir())


@pytest.mark.slow
@pytest.mark.usefixtures("_nowhere")
@pytest.mark.parametrize("first", range(1000, 2000, 250))
def test_a_thousand_spoilt_folders(tmp_path, first):
    faults, refused = fuzz(tmp_path, range(first, first + 250), READERS)
    assert faults == []
    assert refused > 60
    assert not list(Path.cwd().iterdir())


@pytest.mark.slow
@pytest.mark.usefixtures("_nowhere")
def test_figures_of_spoilt_folders(tmp_path):
    faults, _ = fuzz(tmp_path, range(3000, 3100), {"report's figures": drawn})
    assert faults == []


def test_a_folder_that_nobody_spoilt_is_read(tmp_path):
    folder = make_folder(tmp_path / "made")
    (tmp_path / "out").mkdir()
    assert read(READERS, folder, tmp_path / "out") == ([], [])
    assert resolved(read_config(folder, check))["paths"]["run"] == str(folder)
    assert set(_measurement({})) == {None}
