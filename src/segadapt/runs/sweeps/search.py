"""A multirun whose trials depend on the values of earlier ones (Optuna's TPE).

The study is stored in ``optuna.log`` in the sweep folder. The draw of a trial depends only on the
seed, its number and the finished trials, so that a resumed search equals an uninterrupted one. It
is made once, by the process that sweeps: the ranks of a trial read its config.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import optuna
from hydra.core.override_parser.types import Override
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext
from omegaconf import DictConfig
from optuna.distributions import BaseDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from rich.console import Console

from segadapt.runs.config import config_digest
from segadapt.runs.overrides import quoted_override
from segadapt.runs.sweeps.execution import check_finished, recorded, rows, run_due_trials, say
from segadapt.runs.sweeps.folder import SweepFolder
from segadapt.runs.sweeps.grid import check_one_process, launch
from segadapt.runs.sweeps.journal import damaged, mend
from segadapt.runs.sweeps.plan import composer, parsed
from segadapt.runs.sweeps.search_space import distribution, typical
from segadapt.runs.sweeps.table import shown
from segadapt.runs.sweeps.trial import FAILED, FINISHED, Trial, trial_status
from segadapt.runs.sweeps.wandb_table import track

STUDY = "optuna.log"


class Settings(NamedTuple):
    """Settings of a search."""

    trials: int
    at_once: int
    """Number of trials drawn together, for launchers that run several at once."""
    startup: int
    """Number of trials drawn at random before the others depend on their values."""
    direction: str
    seed: int
    retries: int


class Search(NamedTuple):
    """A search: its space, its fixed overrides and its folder."""

    fixed: tuple[str, ...]
    space: Mapping[str, BaseDistribution]
    folder: Path
    monitor: str

    def trial(self, number: int, params: Mapping[str, object]) -> Trial:
        """A trial with drawn values."""
        drawn = [f"{key}={params[key]}" for key in self.space]
        return Trial(number, (*self.fixed, *drawn), self.folder / str(number), self.monitor)


def sweep_search(
    words: Sequence[str],
    config: DictConfig,
    context: HydraContext,
    launcher: Launcher,
    settings: Settings,
) -> None:
    """Draw and run trials until the requested number is reached.

    Args:
        words: Overrides, some with several values or an interval; later ones take precedence.
        config: Config of the sweep; ``hydra.sweep.dir`` is its folder.
        context: Context of Hydra.
        launcher: Runs jobs.
        settings: Settings of the search.

    Raises:
        ValueError: If nothing varies, the folder is in use, or holds another search.
        Unfinished: If a trial has no value at the end.
    """
    check_one_process()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    typed = {override.get_key_element(): override for override in parsed(words, context)}
    space = {k: distribution(o) for k, o in typed.items() if o.is_sweep_override()}
    if not space:
        raise ValueError("a search needs a setting to vary; pass KEY=interval(FROM,TO)")
    fixed = tuple(_fixed(o) for o in typed.values() if not o.is_sweep_override())
    path, console = Path(config.hydra.sweep.dir), Console()
    example = composer(context, config)([*fixed, *typical(space)], path)
    search = Search(fixed, space, path, example["monitor"])
    with SweepFolder(path) as folder:
        study = _study(search, config_digest(example), settings.direction, console)
        where = f"to restart it, pass {quoted_override('hydra.sweep.dir', path)}"
        say(console, f"search of {settings.trials} trials; {where}")
        trials: list[Trial] = []
        with recorded(trials, folder, console):
            for drawn in _batches(search, study, settings):
                trials += drawn
                run_due_trials(
                    drawn, partial(launch, launcher, console=console), settings.retries, console
                )
                folder.record(rows(trials))
                for trial in drawn:
                    _tell(study, trial, settings.retries)
                if any(trial_status(trial).state not in (FINISHED, FAILED) for trial in drawn):
                    break  # the next draw uses the values of these
        track(folder, rows(trials), [example], console)
        if best := _best(trials, settings.direction):
            say(console, best)
    check_finished(rows(trials), settings.retries)


def _batches(search: Search, study: optuna.Study, settings: Settings) -> Iterator[list[Trial]]:
    """Trials that are drawn together; the next ones follow once these have been reported."""
    for first in range(0, settings.trials, settings.at_once):
        numbers = range(first, min(first + settings.at_once, settings.trials))
        yield [_draw(search, study, number, settings) for number in numbers]


def _best(trials: Sequence[Trial], direction: str) -> str | None:
    values = [(state.value, trial) for trial, state in rows(trials) if state.value is not None]
    if not values:
        return None
    value, trial = (max if direction == "maximize" else min)(values)
    best = f"{trial.monitor} {shown(trial.monitor, value)}"
    return f"best of {len(values)}: trial {trial.number} with {best}"


def _draw(search: Search, study: optuna.Study, number: int, settings: Settings) -> Trial:
    """The trial with that number, from the study or newly drawn."""
    known = study.get_trials(deepcopy=False)
    if number < len(known):
        return search.trial(number, known[number].params)
    study.sampler = optuna.samplers.TPESampler(
        seed=settings.seed + number, n_startup_trials=settings.startup
    )
    drawn = study.ask(dict(search.space))
    assert drawn.number == number
    return search.trial(number, drawn.params)


def _tell(study: optuna.Study, trial: Trial, retries: int) -> None:
    """Report a trial to the study, if it is new; a final failure is reported without a value."""
    if study.get_trials(deepcopy=False)[trial.number].state.is_finished():
        return
    status = trial_status(trial)
    if status.state == FINISHED:
        study.tell(trial.number, status.value)
    elif status.state == FAILED and not status.is_due(retries):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)


def _study(search: Search, identity: str, direction: str, console: Console) -> optuna.Study:
    """The study of a folder, created or continued.

    Raises:
        ValueError: If the folder holds another study.
    """
    file = search.folder / STUDY
    for left in search.folder.glob(f"{STUDY}.lock*"):
        left.unlink()  # left by a killed process; this one holds the folder
    if mended := mend(file):
        say(console, mended)
    try:
        study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(file))),
            study_name="sweep",
            direction=cast(Any, direction),  # Optuna rejects other studies
            load_if_exists=True,
        )
    except (AssertionError, LookupError, TypeError) as error:  # lines in an impossible order
        raise damaged(file, f"{type(error).__name__} in Optuna") from error
    facts = {"config": identity, "space": {k: repr(v) for k, v in search.space.items()}}
    if study.user_attrs and study.user_attrs != {**facts, "direction": direction}:
        raise ValueError(
            f"{search.folder} holds another search, over {study.user_attrs['space']} or with other "
            "fixed overrides; nothing was changed. Choose another folder with "
            "hydra.sweep.dir=FOLDER"
        )
    for key, value in {**facts, "direction": direction}.items():
        study.set_user_attr(key, value)
    return study


def _fixed(override: Override) -> str:
    return f"{override.get_key_element()}={override.get_value_element_as_str()}"
