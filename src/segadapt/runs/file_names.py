"""Names of the files and folders in a run folder and in a sweep folder."""

from typing import Final

CONFIG: Final = "config.yaml"
"""Resolved config, without secrets."""
OVERRIDES: Final = "overrides.yaml"
"""Overrides as typed."""
STATE: Final = "run.json"
"""State of the run, and its history."""
ENVIRONMENT: Final = "environment.json"
METRICS: Final = "metrics.csv"
REPORT: Final = "report.json"
"""Report of the validation at the end of the training."""
PER_IMAGE: Final = "per_image.npz"
"""Counts of each image in the report."""
ERROR: Final = "error.txt"
BALANCE: Final = "class_balance.json"
"""Census of the training labels, with the class weights and repeats derived from it."""

INIT: Final = "init.json"
"""Weights from which a training started, and which of them were used."""

SPLITS: Final = "splits.json"
"""Files of each split, if a list or a random draw decides them."""

TABLE: Final = "classes.yaml"
"""Label table of the training, if its data set has its own."""

CHECKPOINTS: Final = "checkpoints"
PANELS: Final = "panels"
EVALUATION: Final = "evaluation"
"""Reports of later evaluations."""
FIGURES: Final = "figures"
FEATURES: Final = "features"
WANDB: Final = "wandb"
ATTEMPTS: Final = "attempts"

SWEEP: Final = "sweep.json"
SWEEP_TABLE: Final = "sweep.csv"
