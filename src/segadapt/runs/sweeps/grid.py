"""A multirun over a grid of values that can be interrupted at any moment."""

import traceback
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext
from omegaconf import DictConfig
from rich.console import Console

from segadapt.runs.overrides import override, quoted_override
from segadapt.runs.ranks import external
from segadapt.runs.sweeps.execution import check_finished, recorded, rows, run_due_trials, say
from segadapt.runs.sweeps.folder import SweepFolder
from segadapt.runs.sweeps.plan import composer, parsed, plan, read_trials
from segadapt.runs.sweeps.trial import Trial
from segadapt.runs.sweeps.wandb_table import track
from segadapt.text.invocation import command


def sweep_grid(
    words: Sequence[str],
    config: DictConfig,
    context: HydraContext,
    launcher: Launcher,
    retries: int,
) -> None:
    """Compose all trials, then run those that are not finished.

    Args:
        words: Overrides, some with several values; later ones take precedence.
        config: Config of the sweep; ``hydra.sweep.dir`` is its folder.
        context: Context of Hydra.
        launcher: Runs jobs.
        retries: Number of times a failed trial is retried, over all starts of the sweep.

    Raises:
        ValueError: If the folder is in use.
        Unfinished: If a trial has no value at the end.
    """
    check_one_process()
    [combinations] = BasicSweeper.split_arguments(parsed(words, context), None)
    path, console = Path(config.hydra.sweep.dir), Console()
    compose = composer(context, config)
    configs = [compose(overrides, path) for overrides in combinations]
    with SweepFolder(path) as folder:  # after all errors that composing finds
        trials = plan(combinations, configs, path)
        _introduce(trials, path, console)
        with recorded(trials, folder, console):
            run_due_trials(trials, partial(launch, launcher, console=console), retries, console)
        track(folder, rows(trials), configs, console)
    check_finished(rows(trials), retries)


def launch(launcher: Launcher, trials: Sequence[Trial], console: Console) -> None:
    """Run trials, each in its folder.

    A job that a scheduler ended (too many timeouts, a lost node) is reported; its trial counts as
    interrupted.

    Raises:
        ValueError: If submitit rejects the launcher's settings.
        Exception: If a job raised an error that is not a failure of its training.
    """
    words = [_words(trial) for trial in trials]
    try:
        for job in launcher.launch(words, initial_job_idx=0):
            _ = job.return_value
    except Exception as error:
        first = str(error).partition("\n")[0]
        if not _of_scheduler(error):
            if _raised_by_scheduler(error):
                raise ValueError(f"hydra.launcher: {first}") from error
            raise
        say(
            console,
            f"a scheduler job ended before its trial finished ({first}); not waiting for the other "
            "jobs",
        )


def _words(trial: Trial) -> list[str]:
    """Overrides of a trial, including its folder.

    The process of a launcher composes the config again, and would otherwise choose a new folder for
    the sweep.
    """
    folder = override("hydra.sweep.dir", trial.folder.parent)
    return [*trial.overrides, folder, f"hydra.sweep.subdir={trial.number}"]


def _of_scheduler(error: Exception) -> bool:
    """Whether an error comes from submitit, which need not be installed."""
    return type(error).__module__.partition(".")[0] == "submitit"


def _raised_by_scheduler(error: Exception) -> bool:
    """Whether submitit itself raised a built-in error, as it does for settings."""
    where = [frame.f_globals["__name__"] for frame, _ in traceback.walk_tb(error.__traceback__)]
    return str(where[-1]).partition(".")[0] == "submitit"


def check_one_process() -> None:
    """Refuse to run a sweep in several processes, which would not stay synchronised.

    Raises:
        ValueError: Under torchrun or srun.
    """
    if external():
        raise ValueError(
            f"a sweep starts the processes of each trial itself; call {command('train')} -m with "
            "trainer=ddp and trainer.devices=N rather than torchrun or srun"
        )


def _introduce(trials: Sequence[Trial], path: Path, console: Console) -> None:
    others = len(read_trials(path).keys() - {trial.number for trial in trials})
    where = quoted_override("hydra.sweep.dir", path)
    say(console, f"sweep of {len(trials)} trials; to restart it, pass {where}")
    if others:
        say(console, f"{others} other runs in this folder do not belong to this sweep")
