"""Training from a notebook or a prompt, with the configs and folders of the command line."""

from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from segadapt.cli.hydra_command import CONF
from segadapt.cli.scaled_experiments import scale_experiment
from segadapt.cli.train import long_form
from segadapt.deployment.initialization.initial_weights import settle_origin
from segadapt.experiment import fit
from segadapt.files import expanded
from segadapt.runs import session
from segadapt.runs.overrides import override
from segadapt.training.library_warnings import silence_known_warnings

DEFAULTS = ("logger=none", "data.num_workers=0")
"""Overrides for notebooks: no logger, and no processes besides the kernel."""


def train(folder: str | Path, *overrides: str) -> dict[str, float]:
    """Train in this process, as ``segadapt train OVERRIDES`` would.

    Args:
        folder: Run folder to create, or to resume.
        overrides: ``KEY=VALUE``; they take precedence over ``DEFAULTS``.

    Returns:
        The last metrics.

    Raises:
        ValueError: If a setting is invalid or has no effect, or if the folder holds another or a
            finished run.

    Examples:
        Train for four steps, in a new folder:

        >>> import tempfile
        >>> from segadapt import train
        >>> with tempfile.TemporaryDirectory() as place:
        ...     run = f"{place}/run"
        ...     metrics = train(run, "debug=fast", "data=synthetic", "callbacks=none")
        >>> 0 <= metrics["val/miou"] <= 1
        True
    """
    silence_known_warnings()
    words = _typed(overrides)
    cfg = _composed(folder, words)
    settle_origin(cfg)
    session.prepare(cfg, words)
    return session.start(cfg, words, fit)


def configured(folder: str | Path, *overrides: str) -> DictConfig:
    """The config with which :func:`train` trains, before its settings are checked."""
    return _composed(folder, _typed(overrides))


def _typed(overrides: Sequence[str]) -> list[str]:
    """The overrides in the form in which ``segadapt train`` composes and stores them."""
    return scale_experiment([long_form(word) for word in overrides], CONF)[0]


def _composed(folder: str | Path, words: Sequence[str]) -> DictConfig:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("train", [*DEFAULTS, override("paths.run", expanded(folder)), *words])
