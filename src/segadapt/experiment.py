"""Building a task and data from a config, and training."""

import math
from collections.abc import Callable
from pathlib import Path

import lightning as L
from hydra.utils import instantiate
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers.logger import Logger
from omegaconf import DictConfig

from segadapt.data.checks.quick_check import cache_folder, look_at
from segadapt.data.checks.split_record import check_record, write_record
from segadapt.data.label_table.keeping import keep
from segadapt.data.module import SegmentationDataModule
from segadapt.deployment.initialization.initial_weights import settle_origin
from segadapt.deployment.initialization.initialise import initialise
from segadapt.evaluation.evaluator import check_context
from segadapt.evaluation.inference.settings import check_sees_images
from segadapt.evaluation.network import build_network
from segadapt.evaluation.run_data import kept_arguments
from segadapt.runs import session
from segadapt.runs.checkpoint import LAST, PREVIOUS, digest
from segadapt.runs.config import resolved, value_at, without_published_weights
from segadapt.runs.environment import keep_environment
from segadapt.runs.file_names import BALANCE, CHECKPOINTS, METRICS, SPLITS, TABLE
from segadapt.runs.folder import update_state
from segadapt.runs.ranks import rank
from segadapt.text.borders import print_line
from segadapt.training.callbacks.checkpoints import Checkpoints
from segadapt.training.callbacks.class_balance import ClassBalance, Repetition
from segadapt.training.callbacks.compilation import Compilation
from segadapt.training.callbacks.preemption import Preemption
from segadapt.training.callbacks.rank_agreement import RankAgreement
from segadapt.training.callbacks.seeding import Seeding
from segadapt.training.checkpoint_io import AtomicCheckpointIO
from segadapt.training.compiled import CompiledHalves, check_mode
from segadapt.training.library_warnings import silence_known_warnings
from segadapt.training.loggers.metrics_csv import MetricsFile
from segadapt.training.loss_kernel import choose_kernel
from segadapt.training.meeting import meet, on_first_rank
from segadapt.training.oracle_groups import check_groups
from segadapt.training.own_origin import kept, origin
from segadapt.training.rehearsal import check_deterministic
from segadapt.training.task import STEP, SegmentationTask
from segadapt.training.trainer import build_trainer, on_gpu
from segadapt.training.unused_parameters import freeze_unused, idle_weights


def build_task(cfg: DictConfig) -> SegmentationTask:
    """Instantiate the network, its objective and its optimiser."""
    model, objective = build_network(cfg)
    return SegmentationTask(
        model=model,
        objective=objective,
        optimizer=instantiate(cfg.optimizer),
        schedule=instantiate(cfg.schedule),
        inference=instantiate(cfg.inference),
        num_classes=cfg.data.num_classes,
    )


def build_data(cfg: DictConfig, folder: Path | None = None) -> SegmentationDataModule:
    """Instantiate the data sets and their loaders.

    Args:
        cfg: Composed config.
        folder: Run folder, whose label table and record of splits are read if its training has
            begun; None without one.
    """
    module = cfg.data.module
    if folder is None:
        return instantiate(module)
    return instantiate(
        module, **{part: kept_arguments(module[part], folder) for part in ("train", "val")}
    )


def train(cfg: DictConfig) -> dict[str, float]:
    """Train with a config whose ``paths.run`` is the run folder, or resume an interrupted training.

    Returns:
        The last metrics.

    Raises:
        ValueError: If the folder holds another or a finished run.
    """
    settle_origin(cfg)
    session.prepare(cfg)
    return session.start(cfg, [], fit)


def fit(cfg: DictConfig) -> dict[str, float]:
    """Train in this process, in a run folder that it already holds.

    Resumes from the folder's last checkpoint, if there is one.

    Returns:
        The last metrics.
    """
    silence_known_warnings()
    folder = Path(cfg.paths.run)
    last = folder / CHECKPOINTS / LAST
    start = last if last.is_file() or last.with_name(PREVIOUS).is_file() else None
    trainer = _trainer(cfg, folder, start)
    meet(trainer)
    L.seed_everything(cfg.seed, workers=True, verbose=False)
    data = build_data(cfg, folder)
    check_sees_images(instantiate(cfg.inference), data.val.pictures)
    on_first_rank(lambda: _check_and_keep(data, folder, resumed=start is not None))
    given = start or value_at(cfg, "init.run")
    task = build_task(without_published_weights(cfg) if given else cfg)
    check_context(task.model, task.evaluator.inference)
    initialise(task.model, data.classes, cfg, resumed=start is not None)
    _say(idle_weights(task.objective))
    freeze_unused(task.model, task.objective, cfg.data.num_classes)
    if cfg.trainer.deterministic is True and on_gpu(cfg.trainer):
        check_deterministic(task.model, task.objective, task.optimizer)
    _say(_groups(cfg, trainer.world_size * cfg.trainer.accumulate_grad_batches))
    precision = str(trainer.precision)
    device = trainer.strategy.root_device
    if (mode := value_at(cfg, "trainer.compile")) is not None:
        task.compiled = CompiledHalves(task.model, mode)
    choice = choose_kernel(task.objective, cfg.data.num_classes, device, precision)
    _say(choice.line, everywhere=choice.kernel == "strips")  # each rank has tested its own device
    if trainer.is_global_zero:
        keep_environment(folder, trainer.world_size, precision, choice.kernel)
    return _run(trainer, task, data, cfg, start)


def _groups(cfg: DictConfig, parts: int) -> str | None:
    """A note if splitting a batch into parts leaves fewer images than an oracle pools."""
    group = value_at(cfg, "classifier.oracle_group")
    allowed = value_at(cfg, "smaller_oracle_groups", False)
    return check_groups(group, cfg.data.batch_size, parts, allowed)


def _check_and_keep(data: SegmentationDataModule, folder: Path, resumed: bool) -> None:
    """Check the data, so that invalid files do not end the training later, and store its facts.

    These are the files of each split and the meaning of labels; those of a resumed run are
    compared.
    """
    splits = {"training": data.train, "validation": data.val}
    empty = data.allow_empty_classes
    _say(look_at(splits, cache_folder(), allow_empty_classes=empty, allow=data.allow))
    (check_record if resumed else write_record)(folder / SPLITS, (data.train, data.val))
    if data.train.table is not None:
        keep(data.train.table, folder / TABLE)


def _say(line: str | None, everywhere: bool = False) -> None:
    if line is not None and (everywhere or rank() == 0):
        for part in line.splitlines():
            print_line(part)


def _trainer(cfg: DictConfig, folder: Path, start: Path | None) -> L.Trainer:
    """The trainer with its callbacks and loggers.

    Args:
        cfg: Composed config.
        folder: Run folder.
        start: Checkpoint from which the run is resumed, or None.
    """
    metrics, files = MetricsFile(folder / METRICS), AtomicCheckpointIO(origin(cfg, folder))
    if rank() == 0:
        metrics.check()
    engine = [*_engine(cfg, start, files, metrics.sync), *_compiling(cfg)]
    loggers: list[Logger] = [metrics, *([instantiate(cfg.logger)] if cfg.logger else [])]
    callbacks = [*engine, *(instantiate(callback) for callback in cfg.callbacks.values())]
    return build_trainer(cfg.trainer, cfg.data.eval_every, callbacks, loggers, files)


def _engine(
    cfg: DictConfig, start: Path | None, files: AtomicCheckpointIO, sync: Callable[[], None]
) -> list[Callback]:
    """The callbacks that make a run exact and safe, which the config cannot change."""
    folder = Path(cfg.paths.run) / CHECKPOINTS
    checkpoints = Checkpoints(folder, cfg.checkpoint_every, cfg.monitor, files, sync)
    return [
        RankAgreement(resolved(cfg), digest(start) if start else None),
        Seeding(cfg.seed),
        checkpoints,
        Preemption(checkpoints.save),
        *_balancing(cfg, start is not None),
    ]


def _balancing(cfg: DictConfig, resumed: bool) -> list[Callback]:
    """The callback for class weights and repeated rare images, if requested."""
    rare = value_at(cfg, "data.rare", "none")
    if rare == "none" and value_at(cfg, "loss.class_weight", "none") == "none":
        return []
    repetition = Repetition(rare, value_at(cfg, "data.rare_threshold", 1.0))
    file = Path(cfg.paths.run) / BALANCE
    return [ClassBalance(repetition, file, cache_folder(), resumed)]


def _compiling(cfg: DictConfig) -> list[Callback]:
    """The callback that times the first step with torch.compile, if requested."""
    mode = value_at(cfg, "trainer.compile")
    if mode is None:
        return []
    check_mode(mode, cfg.trainer.deterministic is True, on_gpu(cfg.trainer))
    return [Compilation()]


def _run(
    trainer: L.Trainer,
    task: SegmentationTask,
    data: SegmentationDataModule,
    cfg: DictConfig,
    start: Path | None,
) -> dict[str, float]:
    folder = Path(cfg.paths.run)
    if trainer.is_global_zero:
        config = kept(cfg, folder)
        # For users of the network without the data.
        update_state(folder, classes=list(data.classes))
        for logger in trainer.loggers:
            logger.log_hyperparams(config)
    trainer.fit(task, datamodule=data, ckpt_path=start, weights_only=True)
    metrics = _metrics(trainer)
    if not metrics:  # all steps were done, but not the final validation
        trainer.validate(task, datamodule=data, verbose=False)
        metrics = _metrics(trainer)
        trainer.fit(task, datamodule=data, ckpt_path=start, weights_only=True)
    if trainer.is_global_zero:
        update_state(folder, metrics={k: None if math.isnan(v) else v for k, v in metrics.items()})
    return metrics


def _metrics(trainer: L.Trainer) -> dict[str, float]:
    found = {name: value.item() for name, value in trainer.callback_metrics.items()}
    return {name: value for name, value in found.items() if name != STEP}
