"""Names of the files and folders in a run folder and in a sweep folder."""

from typing import Final

CONFIG: Final = "config.yaml"
"""Resolved, without secrets."""
OVERRIDES: Final = "overrides.yaml"
"""What was typed."""
STATE: Final = "run.json"
"""The state and how it came to it."""
ENVIRONMENT: Final = "environment.json"
METRICS: Final = "metrics.csv"
REPORT: Final = "report.json"
"""Of the validation at the end of the training."""
PER_IMAGE: Final = "per_image.npz"
"""Counts of each image of the report."""
ERROR: Final = "error.txt"
BALANCE: Final = "class_balance.json"
"""Census of the training labels, with the class weights and repeats that follow from it."""

INIT: Final = "init.json"
"""Which weights a training started from, and what was taken of them."""

SPLITS: Final = "splits.json"
"""Which files are of which split, where a list or a draw says so."""

TABLE: Final = "classes.yaml"
"""The label table of the training, where its data set has one of its own."""

CHECKPOINTS: Final = "checkpoints"
PANELS: Final = "panels"
EVALUATION: Final = "evaluation"
"""Reports of evaluations that came later."""
FIGURES: Final = "figures"
FEATURES: Final = "features"
WANDB: Final = "wandb"
ATTEMPTS: Final = "attempts"

SWEEP: Final = "sweep.json"
SWEEP_TABLE: Final = "sweep.csv"
