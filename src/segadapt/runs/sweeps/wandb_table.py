"""The table of a sweep at Weights & Biases, in the group that its trials share."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from hydra.utils import instantiate
from rich.console import Console

from segadapt.files import replace_text
from segadapt.runs.config import Config
from segadapt.runs.file_names import SWEEP, WANDB
from segadapt.runs.sweeps.execution import say
from segadapt.runs.sweeps.folder import SweepFolder, TrialRow, group, spread
from segadapt.text.bounded import MIB, read_object

TRACKER: Final = "segadapt.training.loggers.wandb_tracker.WandbTracker"
"""Logger that accepts tables; a name, because importing its module takes seconds."""

SENT: Final = Path(WANDB) / SWEEP
"""File with the table last sent to W&B, so that an unchanged table is not sent again."""


def track(
    folder: SweepFolder, rows: Sequence[TrialRow], configs: Sequence[Config], console: Console
) -> None:
    """Log the table of a sweep as a W&B run, if any of its trials logs to W&B.

    A restarted sweep continues that run if the table has changed.

    Args:
        folder: Folder of the sweep, held by this process.
        rows: Its trials with their current status.
        configs: Config of each trial.
        console: Console for messages.
    """
    logger = next(filter(None, map(_logger, configs)), None)
    columns, lines = spread(rows)
    table = {"columns": columns, "lines": lines}
    sent = _read_sent(folder.path / SENT)
    if logger is None or table == sent.get("table"):
        return
    settings = {
        "folder": str(folder.path),
        "group": logger.get("group") or group(folder.path),
        "name": logger.get("name") or "sweep",
    }
    tracker, times = instantiate({**logger, **settings}), sent.get("times", 0)
    tracker.log_table("sweep", columns, lines, times)  # W&B drops a second entry for a step
    tracker.finalize("success")
    say(console, f"table of the sweep: {tracker.account()}")
    if not tracker.missed:
        replace_text(folder.path / SENT, json.dumps({"times": times + 1, "table": table}) + "\n")


def _logger(config: Config) -> dict[str, Any] | None:
    logger = config.get("logger") or {}
    return logger if logger.get("_target_") == TRACKER else None


def _read_sent(file: Path) -> dict[str, Any]:
    return read_object(file, 32 * MIB) if file.is_file() else {}
