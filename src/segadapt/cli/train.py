"""``segadapt train KEY=VALUE ...``: trains a network, or each network of a sweep."""

import math
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from segadapt.analysis.comparison.paper_numbers import announcement
from segadapt.cli import hydra_command
from segadapt.cli.composing import run_composed
from segadapt.cli.ending import tell
from segadapt.cli.hydra_command import CONF
from segadapt.cli.scaled_experiments import scale_experiment
from segadapt.deployment.initialization.initial_weights import settle_origin
from segadapt.functional.rates import warm_up
from segadapt.runs.errors import Interrupted, interruption
from segadapt.runs.overrides import quoted_override
from segadapt.runs.redaction import hidden_words
from segadapt.runs.signals import hand_over
from segadapt.runs.sweeps.execution import Unfinished
from segadapt.runs.sweeps.folder import group
from segadapt.text.borders import print_line, printable
from segadapt.text.choices import unknown


def main(words: Sequence[str]) -> None:
    """Run one command line.

    Args:
        words: Overrides, as Hydra takes them.
    """
    sys.argv[1:] = words
    train()


def train() -> None:
    """Train a network, or each network of a sweep: ``segadapt train KEY=VALUE ...``."""

    @hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
    def job(cfg: DictConfig) -> float:
        return _train(cfg)

    def scaled_job() -> None:
        sys.argv[1:], added = scale_experiment([long_form(word) for word in sys.argv[1:]], CONF)
        if added:
            print_line(
                f"defaults of this data set: {shlex.join(added)} "
                "(overrides on the command line take precedence)"
            )
        job()

    try:
        run_composed(scaled_job, "train", CONF)
    except Unfinished as error:
        sys.exit(f"error: {printable(error)}")


def _train(cfg: DictConfig) -> float:
    """Train once; return the monitored value, or NaN if a trial of a sweep failed."""
    from segadapt.runs import session

    job = HydraConfig.get()
    sweeping = job.mode == RunMode.MULTIRUN
    overrides = cast(list[str], OmegaConf.to_container(job.overrides.task))
    folder = Path(job.runtime.output_dir)
    if sweeping:
        print_line(f"trial {folder.name}: {shlex.join(hidden_words(overrides))}")
    try:
        with session.interruptible():
            settle_origin(cfg)
            session.prepare(cfg, overrides)
            folder = Path(cfg.paths.run)
            if sweeping:
                _group(cfg, Path(job.sweep.dir))
            if cfg.published:
                print_line(_announcement(cfg, job.runtime.choices["model"]))
            metrics = session.start(cfg, overrides, hydra_command.fit_run)
        return _monitored(metrics, cfg.monitor)
    except (Exception, Interrupted, KeyboardInterrupt) as caught:
        error = interruption(caught) or caught
        same = f"the same command with {quoted_override('hydra.sweep.dir', job.sweep.dir)}"
        code = tell(error, folder, same if sweeping else None)
        if isinstance(error, Interrupted):
            hand_over(error.signum)
        elif sweeping and isinstance(error, Exception):
            return math.nan
        sys.exit(code)


def long_form(word: str) -> str:
    """The word with ``init=RUN`` expanded to ``init.run=RUN``; others are unchanged."""
    return f"init.run={word[5:]}" if word.startswith("init=") else word


def _group(cfg: DictConfig, sweep: Path) -> None:
    """Group the trials of a sweep in the tracker."""
    if cfg.logger and "group" in cfg.logger and cfg.logger.group is None:
        cfg.logger.group = group(sweep)


def _announcement(cfg: DictConfig, model: str) -> str:
    rule = cfg.schedule
    warmup = warm_up(rule.warmup, cfg.data.steps, rule.reference_steps, rule.longest_warmup)
    return announcement(cfg.published, cfg.data.name, model, cfg.data.steps, warmup)


def _monitored(metrics: dict[str, float], name: str) -> float:
    if name not in metrics:
        raise ValueError(unknown("monitor", name, sorted(metrics)))
    return metrics[name]
