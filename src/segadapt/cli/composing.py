"""Composition of a config from the command line, with errors reported in one sentence."""

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from segadapt.cli.home import with_home
from segadapt.cli.override_errors import AMBIGUOUS, chosen, explain
from segadapt.cli.shell import answering_signals, fail
from segadapt.runs.errors import DEBUG, user_message
from segadapt.runs.overrides import override

TEMPLATES: Final = ("data.image", "data.label")
"""Keys whose values contain placeholders in braces."""


def run_composed(job: Callable[[], None], config: str, conf: Path) -> None:
    """Run a command, and report errors in its overrides in one sentence.

    Args:
        job: The command.
        config: The config it composes.
        conf: Folder of the config groups.
    """
    full = "HYDRA_FULL_ERROR"
    os.environ.setdefault(DEBUG, os.environ.get(full, "0"))
    os.environ[full] = "1"  # Hydra passes errors on, rather than printing them
    with answering_signals("interrupted; rerun the same command to resume runs that have a folder"):
        try:
            sys.argv[1:] = [with_home(with_template_quoted(word)) for word in sys.argv[1:]]
            job()
        except (HydraException, OmegaConfBaseException, ValueError) as error:
            fail(error, _explained(error, config, conf))
        except BrokenPipeError:
            raise
        except OSError as error:  # raised when Hydra creates the folder of a run
            fail(error, f"{user_message(error)}; choose another folder with hydra.run.dir=FOLDER")


def with_template_quoted(word: str) -> str:
    """Quote a name pattern such as ``data.image={name}.jpg``, whose braces mean a mapping to Hydra.

    Args:
        word: A word of the command line; other words are returned unchanged.
    """
    key, equals, text = word.partition("=")
    if equals and key in TEMPLATES and "{" in text and text[0] not in "'\"":
        return override(key, text)
    return word


def _explained(error: Exception, config: str, conf: Path) -> str:
    words = sys.argv[1:]
    cause = _of_sweep(config, words, conf) if AMBIGUOUS.match(str(error)) else None
    return explain(cause or error, words, conf, partial(_with_groups, config, words, conf))


def _with_groups(config: str, words: Sequence[str], conf: Path) -> DictConfig:
    """The config composed from the chosen groups only, to list the existing keys."""
    GlobalHydra.instance().clear()
    with hydra.initialize_config_dir(version_base="1.3", config_dir=str(conf)):
        return hydra.compose(config, chosen(words, conf))


def _of_sweep(config: str, words: Sequence[str], conf: Path) -> Exception | None:
    """The error in the config of a sweep, which Hydra then takes for a single run."""
    GlobalHydra.instance().clear()
    overrides = [word for word in words if not word.startswith("-")]
    with hydra.initialize_config_dir(version_base="1.3", config_dir=str(conf)):
        engine = GlobalHydra.instance().hydra
        assert engine is not None
        try:
            engine.compose_config(
                config, overrides, RunMode.MULTIRUN, validate_sweep_overrides=False
            )
        except HydraException as error:
            return error
    return None
