"""The command line; heavy imports wait until a config has been composed."""

import math
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from segadapt.analysis.comparison.paper_numbers import announcement
from segadapt.cli import option_help
from segadapt.cli.composing import composing
from segadapt.cli.ending import tell
from segadapt.cli.scaled_experiments import scaled
from segadapt.cli.shell import answer
from segadapt.data import cached_features
from segadapt.functional.rates import warm_up
from segadapt.runs import new_folder
from segadapt.runs.config import resolved
from segadapt.runs.errors import Interrupted
from segadapt.runs.overrides import typed
from segadapt.runs.reader import Run, read_run
from segadapt.runs.redaction import hidden_words
from segadapt.runs.settings.check import check_command, check_values, unresolved
from segadapt.runs.settings.squares import square
from segadapt.runs.signals import hand_over
from segadapt.runs.sweeps.execution import Unfinished
from segadapt.runs.sweeps.folder import group
from segadapt.runs.trust import Check, check, trusting
from segadapt.text.borders import print_line, printable

RESUME = ("run", "trust_config", "env")
"""Keys of conf/resume.yaml; all others are secrets that the run's folder does not keep."""

CONF = Path(__file__).resolve().parents[1] / "conf"

cached_features.register()
option_help.register(CONF)
new_folder.register()


def train() -> None:
    """Train a segmentor, or each of a sweep: python train.py KEY=VALUE ..."""

    @hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
    def job(cfg: DictConfig) -> float:
        return _trained(cfg)

    def scaled_job() -> None:
        sys.argv[1:], added = scaled(sys.argv[1:], CONF)
        if added:
            print_line(f"the data brings {shlex.join(added)}; what you type wins")
        job()

    try:
        composing(scaled_job, "train", CONF)
    except Unfinished as error:
        sys.exit(f"error: {printable(error)}")


def resume() -> None:
    """Resume an interrupted training: python scripts/resume.py run=RUN_FOLDER.

    Secrets, which the folder does not keep, are given again as ``+KEY=VALUE``.
    """

    @hydra.main(version_base="1.3", config_path=str(CONF), config_name="resume")
    def job(cfg: DictConfig) -> None:
        _told(_resumed, cfg, "resume")

    composing(job, "resume", CONF)


def evaluate() -> None:
    """Measure a training again: python scripts/evaluate.py run=RUN_FOLDER inference=multiscale.

    Writes RUN_FOLDER/evaluation/INFERENCE-CHECKPOINT.json and .html; with submission=FILE.zip the
    predictions of a split for its server instead.
    """

    @hydra.main(version_base="1.3", config_path=str(CONF), config_name="evaluate")
    def job(cfg: DictConfig) -> None:
        _told(_evaluated, cfg, "evaluate")

    composing(job, "evaluate", CONF)


def cache_features() -> None:
    """Keep the features of a training: python scripts/cache_features.py run=RUN_FOLDER."""

    @hydra.main(version_base="1.3", config_path=str(CONF), config_name="cache_features")
    def job(cfg: DictConfig) -> None:
        _told(_cached, cfg, "cache_features")

    composing(job, "cache_features", CONF)


def check_data() -> None:
    """Look at every file of a data set: python scripts/check_data.py data=NAME.

    The exit code is 1 if anything would end a training.
    """

    @hydra.main(version_base="1.3", config_path=str(CONF), config_name="check_data")
    def job(cfg: DictConfig) -> None:
        _told(_checked, cfg, "check_data")

    composing(job, "check_data", CONF)


def _trained(cfg: DictConfig) -> float:
    """One training; the value that a sweeper asks for, nan where it failed within a sweep."""
    from segadapt.runs import session

    job = HydraConfig.get()
    sweeping = job.mode == RunMode.MULTIRUN
    overrides = cast(list[str], OmegaConf.to_container(job.overrides.task))
    folder = Path(job.runtime.output_dir)
    if sweeping:
        print_line(f"trial {folder.name}: {shlex.join(hidden_words(overrides))}")
    try:
        session.prepare(cfg)
        folder = Path(cfg.paths.run)
        if sweeping:
            _group(cfg, Path(job.sweep.dir))
        if cfg.published:
            print_line(_announcement(cfg, job.runtime.choices["model"]))
        metrics = session.start(cfg, overrides, _fit)
        return _monitored(metrics, cfg.monitor)
    except (Exception, Interrupted, KeyboardInterrupt) as error:
        same = f"the same command with {typed('hydra.sweep.dir', job.sweep.dir)}"
        code = tell(error, folder, same if sweeping else None)
        if isinstance(error, Interrupted):
            hand_over(error.signum)
        elif sweeping and isinstance(error, Exception):
            return math.nan
        sys.exit(code)


def _group(cfg: DictConfig, sweep: Path) -> None:
    """Let the tracker show the trials of a sweep together."""
    if cfg.logger and "group" in cfg.logger and cfg.logger.group is None:
        cfg.logger.group = group(sweep)


def _announcement(cfg: DictConfig, model: str) -> str:
    rule = cfg.schedule
    warmup = warm_up(rule.warmup, cfg.data.steps, rule.reference_steps, rule.longest_warmup)
    return announcement(cfg.published, cfg.data.name, model, cfg.data.steps, warmup)


def _resumed(cfg: DictConfig) -> None:
    from segadapt.runs import session

    if cfg.run is None:
        raise ValueError("which training? give run=RUN_FOLDER, as the training printed it")
    folder = Path(str(cfg.run))
    try:
        typed_again = resolved(cfg)
        given = {key: value for key, value in typed_again.items() if key not in RESUME}
        steps = given["data"].pop("steps")
        session.resume(folder, _check(cfg), _fit, steps, given, list(cfg.env))
    except (Exception, Interrupted, KeyboardInterrupt) as error:
        sys.exit(tell(error, folder))


def _evaluated(cfg: DictConfig) -> None:
    run = _run(cfg)
    from rich.console import Console

    from segadapt.evaluation.device import chosen_device
    from segadapt.evaluation.evaluate import evaluate
    from segadapt.evaluation.submission import submit
    from segadapt.experiment import build_model
    from segadapt.training.library_warnings import be_quiet

    be_quiet()
    cfg.device = chosen_device(cfg.device)
    command = evaluate if cfg.submission is None else submit
    command(cfg, run, build_model, Console())


def _cached(cfg: DictConfig) -> None:
    run = _run(cfg)
    from rich.console import Console

    from segadapt.evaluation.cache_features import cache
    from segadapt.evaluation.device import chosen_device
    from segadapt.experiment import build_model
    from segadapt.training.library_warnings import be_quiet

    be_quiet()
    cfg.device = chosen_device(cfg.device)
    cache(cfg, run, build_model, Console())


def _checked(cfg: DictConfig) -> None:
    from rich.console import Console

    from segadapt.data.checks.check_dataset import check

    if check(cfg, Console()):
        sys.exit(1)


def _run(cfg: DictConfig) -> Run:
    """The training that a command is about: read before the imports that take seconds."""
    return read_run(cfg.run, cfg.checkpoint, _check(cfg))


def _check(cfg: DictConfig) -> Check:
    return trusting if cfg.trust_config else _looked_at


def _looked_at(config: DictConfig) -> DictConfig:
    """The config of a run folder: what it would build is on the list, and its values fit."""
    checked = check(config)
    check_values(unresolved(checked))
    return checked


def _told(act: Callable[[DictConfig], None], cfg: DictConfig, command: str) -> None:
    """Act by settings that have been looked at; what goes wrong is told in one sentence."""

    def looked_at() -> None:
        square(cfg)
        check_command(unresolved(cfg), command)
        act(cfg)

    answer(looked_at)


def _fit(cfg: DictConfig) -> dict[str, float]:
    from segadapt.experiment import fit

    return fit(cfg)


def _monitored(metrics: dict[str, float], name: str) -> float:
    if name not in metrics:
        raise ValueError(f"monitor={name} was not measured; there is {', '.join(sorted(metrics))}")
    return metrics[name]
