"""Keys that the commands read themselves, with the annotations of their values.

Keys below a ``_target_`` of this package are not listed, because its signature declares them.
``Built`` is a node with a ``_target_``. A key that is neither listed here nor named by an
interpolation or a signature is unused.
"""

from collections.abc import Mapping
from typing import Final

Annotations = Mapping[str, str]
"""Annotations by dotted key."""

PLACE: Final = "str"

TRAINER: Final[Annotations] = {
    "trainer._target_": "str",
    "trainer.accelerator": "str",
    "trainer.accumulate_grad_batches": "int",
    "trainer.benchmark": "bool",
    "trainer.compile": "str | None",
    "trainer.detect_anomaly": "bool",
    "trainer.deterministic": "bool | Warn",
    "trainer.devices": "Devices",
    "trainer.gradient_clip_val": "float | None",
    "trainer.limit_val_batches": "int | None",
    "trainer.log_every_n_steps": "int",
    "trainer.max_steps": "int",
    "trainer.num_nodes": "int",
    "trainer.precision": "Precision",
    "trainer.profiler": "Profiler | Built | None",
    "trainer.strategy": "Strategy | Built",
    "trainer.strategy._target_": "str",
    "trainer.strategy.broadcast_buffers": "bool",
    "trainer.strategy.find_unused_parameters": "bool",
    "trainer.strategy.gradient_as_bucket_view": "bool",
    "trainer.strategy.static_graph": "bool",
    "trainer.strategy.process_group_backend": "str | None",
    "trainer.strategy.timeout": "Built",
    "trainer.strategy.timeout._target_": "str",
    "trainer.strategy.timeout.seconds": "float",
    "trainer.sync_batchnorm": "bool",
}
"""Parameters of Lightning's trainer that the config may set."""

FIXED: Final[Mapping[str, str]] = {
    "callbacks": "choose with callbacks.NAME",
    "check_val_every_n_epoch": "choose with data.eval_every",
    "enable_checkpointing": "checkpoints are always written",
    "enable_model_summary": "",
    "enable_progress_bar": "choose with callbacks.progress",
    "fast_dev_run": "use debug=fast",
    "limit_train_batches": "choose with data.steps",
    "logger": "choose with logger=NAME",
    "max_epochs": "a run is counted in steps: choose with data.steps",
    "max_time": "a run is counted in steps: choose with data.steps",
    "min_epochs": "a run is counted in steps: choose with data.steps",
    "min_steps": "choose with data.steps",
    "num_sanity_val_steps": "",
    "overfit_batches": "use debug=overfit",
    "plugins": "",
    "reload_dataloaders_every_n_epochs": "",
    "use_distributed_sampler": "",
    "val_check_interval": "choose with data.eval_every",
}
"""Parameters of Lightning's trainer that this project sets itself, with the key to use instead."""

PASSED_ON: Final[Annotations] = {
    "depth": "int",
    "drop_path_rate": "float",
    "embed_dim": "int",
    "num_heads": "int | Sequence[int]",
    "output_stride": "int | None",
}
"""Parameters of other libraries that constructors of this package pass on, by name."""

DATA: Final[Annotations] = {
    "data.name": "str",
    "data.root": PLACE,
    "data.num_classes": "int",
    "data.channels": "int",
    "data.classes": "Sequence[str] | str | Mapping[str, Sequence[str]] | None",
    "data.ignored": "Sequence[int]",
    "data.crop": "Sequence[int]",
    "data.scale": "Sequence[int] | None",
    "data.multiple": "int | None",
    "data.difficulty": "float",
    "data.batch_size": "int",
    "data.num_workers": "int",
    "data.steps": "int",
    "data.eval_every": "int",
    "data.pretrained": "bool",
    "data.max_pixels": "int",
    "data.reduced_decoding": "bool",
    "data.flip": "float",
    "data.allow": "Sequence[str]",
    "data.allow_empty_classes": "bool",
    "data.smoke_test": "bool",
    "data.rare": "str",
    "data.rare_threshold": "float",
    "data.first_label": "int",
    "data.depth": "int | str",
    "data.image": "str | None",
    "data.range": "Sequence[float] | None",
    "data.mean": "Sequence[float] | None",
    "data.std": "Sequence[float] | None",
    "data.label": "str | None",
    "data.list": "str | Mapping[str, str] | None",
    "data.split": "Mapping[str, Any] | None",
    "data.lossy_labels": "str | None",
    "data.module": "Built",
}
"""Keys of a data set; ``scale`` and the keys after it belong to some data sets only."""

PATHS: Final[Annotations] = {"paths.data": PLACE, "paths.runs": PLACE, "paths.run": PLACE}

TRAIN: Final[Annotations] = {
    **DATA,
    **PATHS,
    **TRAINER,
    "model": "Built",
    "classifier": "Built",
    "loss": "Built",
    "optimizer": "Built",
    "optimizer.custom_keys": "Mapping[str, Mapping[str, float]] | None",
    "schedule": "Built",
    "inference": "Built",
    "trainer": "Built",
    "logger": "Built | Off | None",
    "callbacks": "Mapping[str, Built]",
    "seed": "int",
    "smaller_oracle_groups": "bool",
    "monitor": "str",
    "checkpoint_every": "int",
    "init.run": "str | int | None",
    "init.checkpoint": PLACE,
    "init.classifier": "str",
    "init.freeze": "str | None",
    "init.sha256": "str | None",
    "label": "str | None",
    "published": "Mapping[str, Any] | None",
}

NEEDED: Final = (
    *("data.name", "data.num_classes", "data.crop", "data.batch_size", "data.num_workers"),
    *("data.steps", "data.eval_every", "data.pretrained", "data.module", "paths.run", "model"),
    *("classifier", "loss", "optimizer", "schedule", "inference", "trainer", "callbacks"),
    *("trainer.accelerator", "trainer.accumulate_grad_batches", "trainer.devices"),
    *("trainer.precision", "trainer.sync_batchnorm", "seed", "monitor", "checkpoint_every"),
    *("logger", "published"),
)
"""Keys that every training has."""

RUN: Final[Annotations] = {"run": "str | int | None", "trust_config": "bool"}

RESUME: Final[Annotations] = {**RUN, "data.steps": "int | None", "env": "Sequence[str]"}

EVALUATE: Final[Annotations] = {
    **RUN,
    "checkpoint": PLACE,
    "split": "str",
    "submission": "str | None",
    "data.root": f"{PLACE} | None",
    "measures.trimap": "Sequence[int]",
    "measures.boundary": "float",
    "measures.bins": "int",
    "gallery": "int",
    "precision": "str | None",
    "device": "Device",
    "inference": "Built",
}

CACHE_FEATURES: Final[Annotations] = {
    **RUN,
    "checkpoint": PLACE,
    "out": f"{PLACE} | None",
    "train": "int | None",
    "precision": "str",
    "data.root": f"{PLACE} | None",
    "device": "Device",
}

CHECK_DATA: Final[Annotations] = {
    **DATA,
    **PATHS,
    "splits": "Sequence[str]",
    "statistics": "bool",
    "threads": "int | None",
    "samples": "int",
    "out": PLACE,
    "seed": "int",
}

GRID: Final[Annotations] = {
    "hydra.sweeper._target_": "str",
    "hydra.sweeper.params": "Mapping[str, Any]",
    "hydra.sweeper.retries": "int",
}

SEARCH: Final[Annotations] = {
    **GRID,
    "hydra.sweeper.trials": "int",
    "hydra.sweeper.at_once": "int",
    "hydra.sweeper.startup": "int",
    "hydra.sweeper.direction": "str",
    "hydra.sweeper.seed": "int",
}

SWEEPERS: Final[Mapping[str, Annotations]] = {"GridSweeper": GRID, "SearchSweeper": SEARCH}
"""Keys of sweeps, by the class that runs the trials."""

TABLES: Final[Mapping[str, Annotations]] = {
    "train": TRAIN,
    "resume": RESUME,
    "evaluate": EVALUATE,
    "cache_features": CACHE_FEATURES,
    "check_data": CHECK_DATA,
}
"""Keys of the other commands, by the config that they compose."""
