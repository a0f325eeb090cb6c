"""Lightning's trainer with the settings fixed by this project."""

import inspect
from collections.abc import Sequence
from typing import Any

import lightning as L
import torch
from hydra.utils import instantiate
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig, open_dict
from torch.nn.parallel import DistributedDataParallel

from segadapt.evaluation.precision_names import precision_name
from segadapt.training.checkpoint_io import AtomicCheckpointIO
from segadapt.training.shared_batch_norm import SharedBatchNorm


def build_trainer(
    cfg: DictConfig,
    eval_every: int,
    callbacks: Sequence[Callback],
    loggers: Sequence[Logger],
    files: AtomicCheckpointIO,
) -> L.Trainer:
    """Instantiate a trainer.

    Checkpoints are atomic, samplers come from the data module, and validation is counted in
    optimiser steps.

    Args:
        cfg: The node ``trainer`` of the config; ``precision: auto`` is bfloat16 on GPUs, float32 on
            CPUs.
        eval_every: Optimiser steps between two validations.
        callbacks: All callbacks.
        loggers: All loggers.
        files: Writes and reads checkpoints.

    Raises:
        ValueError: If a GPU is requested, but not available, or an Apple GPU.
    """
    gpu = on_gpu(cfg)
    fixed: dict[str, Any] = {
        "val_check_interval": eval_every * cfg.accumulate_grad_batches,
        "check_val_every_n_epoch": None,  # counted in steps; the whole run is one epoch
        "max_epochs": -1,
        "num_sanity_val_steps": 0,
        "use_distributed_sampler": False,
        "enable_checkpointing": False,
        "enable_model_summary": False,
        "enable_progress_bar": False,
        # Lightning's "auto" would also choose an Apple GPU.
        "accelerator": cfg.accelerator if gpu or cfg.accelerator != "auto" else "cpu",
        "precision": precision_name(cfg, gpu),
        # The fastest convolution differs from run to run.
        "benchmark": bool(cfg.benchmark and not cfg.deterministic),
    }
    settings = cfg.copy()
    with open_dict(settings):
        settings.pop("compile", None)  # for the network: see training/compiled.py
        _rename_options(settings.strategy)
    trainer = instantiate(
        settings,
        **fixed,
        sync_batchnorm=False,  # Lightning's loses activations: see training/shared_batch_norm.py
        callbacks=list(callbacks),
        logger=list(loggers),
        # torch synchronises no batch norm on CPUs
        plugins=[files, *([SharedBatchNorm()] if gpu and cfg.sync_batchnorm else [])],
    )
    _take_over(trainer)
    return trainer


def _take_over(trainer: L.Trainer) -> None:
    """Undo what Lightning sets for the whole process."""
    # Lightning's handler of SIGTERM broadcasts from any point of the code, which interferes with
    # the collective calls at the start; and its exception ends a process as if it had succeeded.
    trainer._signal_connector.register_signal_handlers = _nothing  # type: ignore[method-assign]
    # Lightning sets it for several processes; one alone would keep RANK of the environment, and
    # log nothing.
    rank_zero_only.rank = trainer.global_rank  # type: ignore[attr-defined]


def on_gpu(cfg: DictConfig) -> bool:
    """Whether a trainer of this config uses GPUs.

    Raises:
        ValueError: If they are requested, but not available, or an Apple GPU.
    """
    available = torch.cuda.is_available()
    if cfg.accelerator in ("gpu", "cuda") and not available:
        raise ValueError(
            f"trainer.accelerator={cfg.accelerator}, but torch finds no GPU; use trainer=cpu"
        )
    if cfg.accelerator == "mps":
        raise ValueError(
            "trainer.accelerator=mps: losses count pixels in double precision, which Apple GPUs do "
            "not have; use trainer=cpu"
        )
    return available and cfg.accelerator != "cpu"


def _rename_options(strategy: DictConfig | str) -> None:
    """Rename options of torch's data parallelism to those of the installed version."""
    names = inspect.signature(DistributedDataParallel.__init__).parameters
    old, new = "broadcast_buffers", "forward_sync_buffers"  # since torch 2.15
    if isinstance(strategy, DictConfig) and old in strategy and new in names:
        strategy[new] = strategy.pop(old)


def _nothing() -> None:
    pass
