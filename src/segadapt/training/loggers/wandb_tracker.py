"""The tracker for Weights & Biases: works offline, and never stops or slows the training.

Lightning's ``WandbLogger`` is not used, because it gives wandb no step. Each part of an offline run
then counts its rows from 0 (seen with lightning 2.6.6 and wandb 0.31.0), whereas those of a resumed
training must continue. It would also take over a run that the process already has open, and it
neither stores the id of a run nor ends the run; the only remaining part would be ``wandb.init``.

The authoritative record of a run is its folder (metrics.csv, report.json). The tracker sends a copy
on a thread; if that is slow or fails, the training is not affected. A sentence says so at once, and
the summary reports the missing values. A run that cannot be opened online is logged offline.

wandb cannot continue an offline run in its existing folder. A resumed training adds a folder with
the same run id; ``wandb sync`` uploads all folders of an id, oldest first, as one run.
"""

import os
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from lightning.pytorch import Trainer
from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

from segadapt.files import replace_text
from segadapt.text.borders import print_line, printable_values
from segadapt.text.bounded import KIB, read_text
from segadapt.training.loggers.background_calls import BackgroundCalls
from segadapt.training.loggers.wandb_login import resolved
from segadapt.training.loggers.wandb_offline import make_way, parts
from segadapt.training.loggers.wandb_service import forget_imports, release_runs


class WandbTracker(Logger):
    """Logs to Weights & Biases from a thread of its own.

    wandb is imported on that thread with the first value. Uploads of code, git differences, the
    command line and console output are off, because they may contain secrets.

    Args:
        folder: Run folder. It stores the run's id in ``wandb/id``, so that a resumed training
            continues the same run.
        project: W&B project.
        mode: ``online``, ``offline``, ``disabled``, or ``auto``: the variable WANDB_MODE, else
            ``online`` if a login is found (WANDB_API_KEY or netrc), else ``offline``.
        name: Display name; W&B invents one if not given.
        entity: User or team.
        group: Name that the runs of an experiment share.
        limit: Largest number of waiting values; further ones are dropped.
        patience: Seconds to wait for the tracker at the end.

    Raises:
        ValueError: If the mode is unknown, or ``online`` without a login.
    """

    def __init__(
        self,
        folder: str | Path,
        project: str,
        mode: str = "auto",
        name: str | None = None,
        entity: str | None = None,
        group: str | None = None,
        limit: int = 1000,
        patience: float = 60.0,
    ) -> None:
        super().__init__()
        self.folder, self.mode, self.patience = Path(folder), resolved(mode), patience
        names = {"project": project, "name": name, "entity": entity, "group": group}
        self._about: dict[str, Any] = printable_values(names)
        self._outbox = BackgroundCalls(limit)
        self._opened = False
        self._run: Any = None
        self._step = 0
        self._notice: str | None = None
        self._warned = False

    @property
    def name(self) -> str:
        return "wandb"

    @property
    def version(self) -> str | None:
        """The run's id, once it has one."""
        file = self.folder / "wandb" / "id"
        if not file.is_file():
            return None
        known = read_text(file, KIB).strip()
        if not re.fullmatch(r"[0-9A-Za-z_-]{1,64}", known):
            raise ValueError(f"{file} holds {known[:40]!r}, which is not the id of a W&B run")
        return known

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Log a resolved config, from which the caller has removed secrets."""
        config = printable_values(dict(params))
        self._put(lambda: self._run.config.update(config, allow_val_change=True))

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        values = printable_values(dict(metrics))
        self._log(lambda wandb: values, step or 0)

    @rank_zero_only
    def log_image(self, key: str, file: Path, step: int) -> None:
        """Log an image file without moving it."""
        self._log(lambda wandb: {key: wandb.Image(str(file))}, step)

    @rank_zero_only
    def log_table(
        self, key: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], step: int
    ) -> None:
        """Log a table."""
        table = printable_values({"columns": columns, "data": rows})
        self._log(lambda wandb: {key: wandb.Table(**table)}, step)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Close the run and wait for remaining values, at most ``patience`` seconds.

        A value logged afterwards reopens the run.
        """
        if self._opened:
            self._put(lambda: self._run.finish(exit_code=0 if status == "success" else 1))
            self._outbox.close(self.patience)
            self._opened = False
            self._warn(failing=status != "success")  # the summary of one that succeeds counts them

    @property
    def missed(self) -> int:
        """Number of calls that did not reach W&B."""
        return len(self._outbox.errors) + self._outbox.dropped

    def account(self) -> str:
        """A sentence about the address of the tracked run, or about missing values."""
        if missed := self.missed:
            first = f", the first with {self._outbox.errors[0]!r}" if self._outbox.errors else ""
            return f"W&B missed {missed} calls{first}; metrics.csv has everything"
        if self.mode == "offline":
            starts = len(parts(self.folder / "wandb", str(self.version)))
            several = f", in {starts} parts of one run" if starts > 1 else ""
            return f"W&B is offline{several}; {self._upload()}"
        return f"W&B run {self.version} ({self.mode})"

    def _log(self, values: Callable[[Any], dict[str, Any]], step: int) -> None:
        self._step = max(self._step, step)
        at = self._step

        def log() -> None:
            import wandb

            # wandb drops values of earlier steps, also after reopening a run
            self._run.log(values(wandb), step=max(at, self._run.starting_step))

        self._put(log)

    def _put(self, call: Callable[[], object]) -> None:
        if not self._opened:
            self._opened = True
            self._outbox.put(self._open)
        self._outbox.put(call)
        self._warn()

    def _warn(self, failing: bool = True) -> None:
        """Print what the thread has to say, and once that W&B fails.

        Not on the thread itself, which might hold the lock of the output while a loader process is
        forked.

        Args:
            failing: Whether failures are printed.
        """
        if self._notice is not None:
            print_line(self._notice, error=True)
            self._notice = None
        if failing and self.missed and not self._warned:
            self._warned = True
            print_line(f"warning: {self.account()}", error=True)

    def _upload(self) -> str:
        return f"upload with: wandb sync {self.folder / 'wandb'}/offline-run-*"

    def _open(self) -> None:
        """Open the run; offline if that fails."""
        import wandb

        try:
            self._connect()
        except (wandb.Error, OSError, RuntimeError, ValueError) as error:
            if self.mode != "online" or not release_runs():
                raise
            self.mode = "offline"
            self._connect()
            reason = str(error) or type(error).__name__
            self._notice = (
                f"warning: W&B could not open the run online ({reason}), so it is logged offline; "
                f"{self._upload()}"
            )

    def _connect(self) -> None:
        if self.mode != "online":  # its error reports would need the network
            os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        import wandb

        self.folder.mkdir(parents=True, exist_ok=True)
        settings = wandb.Settings(
            console="off",
            silent=True,
            disable_git=True,
            disable_code=True,
            save_code=False,
            x_disable_meta=True,
            x_save_requirements=False,
            init_timeout=30,
            finish_timeout=self.patience,
        )
        run = self._kept_id()
        make_way(self.folder / "wandb", run, datetime.now())
        self._run = wandb.init(
            **self._about,
            id=run,
            dir=str(self.folder),
            mode=cast(Any, self.mode),
            resume="allow",
            reinit="create_new",  # one process may train several models
            settings=settings,
        )
        forget_imports(str(self.version))

    def _kept_id(self) -> str:
        """The id of the run in this folder, generated once."""
        if self.version is None:
            file = self.folder / "wandb" / "id"
            file.parent.mkdir(exist_ok=True)
            replace_text(file, secrets.token_hex(4))  # replaces a link rather than its target
        return str(self.version)


def trackers(trainer: Trainer) -> list[WandbTracker]:
    """The loggers that accept images and tables, which are not part of Lightning's interface."""
    return [logger for logger in trainer.loggers if isinstance(logger, WandbTracker)]
