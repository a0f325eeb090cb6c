"""What a sweep makes of jobs that end without their trial."""

import io

import pytest
from hydra.plugins.launcher import Launcher
from rich.console import Console

from segadapt.runs.sweeps.grid import launch
from segadapt.runs.sweeps.trial import Trial


class Lost(Exception):
    """As submitit raises it."""

    __module__ = "submitit.core.utils"


class Failing:
    """A job whose result is an error."""

    def __init__(self, error):
        self.error = error

    @property
    def return_value(self):
        raise self.error


class Recorder(Launcher):
    """Answers with given jobs, or raises instead."""

    def __init__(self, jobs=(), error=None):
        self.jobs, self.error, self.words = jobs, error, []

    def setup(self, **_):
        pass

    def launch(self, job_overrides, initial_job_idx):
        self.words = list(job_overrides)
        if self.error:
            raise self.error
        return self.jobs


def launched(folder, launcher):
    console = Console(file=io.StringIO(), width=200)
    trials = [Trial(number, (f"seed={number}",), folder / str(number), "m") for number in (0, 1)]
    launch(launcher, trials, console)
    return console.file.getvalue()


WAYS = [lambda error: Recorder([Failing(error)]), lambda error: Recorder(error=error)]


@pytest.mark.parametrize("way", WAYS, ids=["result", "launcher"])
def test_a_job_that_a_scheduler_ended_is_told_in_a_sentence(tmp_path, way):
    said = launched(tmp_path, way(Lost("Job 7 ran out of time\nlog: a\nlog: b")))
    assert said == (
        "a scheduler job ended before its trial finished (Job 7 ran out of time); "
        "not waiting for the other jobs\n"
    )


@pytest.mark.parametrize("way", WAYS, ids=["result", "launcher"])
def test_any_other_error_is_raised(tmp_path, way):
    with pytest.raises(RuntimeError, match="a fault"):
        launched(tmp_path, way(RuntimeError("a fault")))


def test_each_trial_is_a_job_in_the_folder_of_the_sweep(tmp_path):
    """A launcher's process composes the config again; a fresh folder would be another one."""
    recorder, folder = Recorder(), f"hydra.sweep.dir={tmp_path}"
    assert launched(tmp_path, recorder) == ""
    assert recorder.words == [[f"seed={n}", folder, f"hydra.sweep.subdir={n}"] for n in (0, 1)]


def test_settings_that_submitit_does_not_take_are_refused(tmp_path):
    submitit: dict[str, object] = {"__name__": "submitit.auto.auto"}
    exec("def refuse(*_, **__):\n    raise NameError('Unknown argument x\\nmore')", submitit)
    launcher = Recorder()
    launcher.launch = submitit["refuse"]
    with pytest.raises(ValueError, match=r"^hydra\.launcher: Unknown argument x$"):
        launched(tmp_path, launcher)
