"""Valid numbers and words for the keys of a config, wherever a key stands.

The names are the last parts of dotted keys; a longer name takes precedence over a shorter one.
"""

from collections.abc import Mapping
from typing import Final, TypeVar

from segadapt.runs.settings.kinds import Range

Found = TypeVar("Found")

COUNT: Final = Range(1)
SIDE: Final = Range(1, 65536)
WIDTH: Final = Range(1, 65536)
LAYERS: Final = Range(1, 1000)
POSITIVE: Final = Range(0, above=True)
NOT_NEGATIVE: Final = Range(0)
SHARE: Final = Range(0, 1)
PROBABILITY: Final = Range(0, 1, below=True)
"""Range of dropout: 1 would drop everything."""

RANGES: Final[Mapping[str, Range]] = {
    "accumulate_grad_batches": COUNT,
    "at_once": COUNT,
    "batch_size": Range(1, 1_000_000),
    "betas": PROBABILITY,
    "bins": Range(1, 10_000),
    "blocks": Range(0, 1000),
    "border": Range(0, 65536),
    "boundary": Range(0, 1, above=True),
    "cat_max_ratio": Range(0, 1, above=True),
    "channels": WIDTH,
    "checkpoint_every": COUNT,
    "classifier.dropout": PROBABILITY,
    "classifier.momentum": SHARE,
    "components": Range(1, 1000),
    "crop": SIDE,
    "data.range": Range(),
    "data.std": POSITIVE,
    "decay_mult": NOT_NEGATIVE,
    "depth": LAYERS,
    "depths": LAYERS,
    "detail": WIDTH,
    "difficulty": SHARE,
    "drop_path": PROBABILITY,
    "drop_path_rate": PROBABILITY,
    "dropout": PROBABILITY,
    "edge_size": SIDE,
    "effective_beta": Range(0, 1, below=True),
    "embedding": WIDTH,
    "epsilon": POSITIVE,
    "eval_every": COUNT,
    "every": COUNT,
    "first_label": Range(0, 65_535),
    "flip": SHARE,
    "gallery": Range(0, 1000),
    "gradient_clip_val": POSITIVE,
    "group": COUNT,
    "groups": Range(1, 4096),
    "heads": Range(1, 1024),
    "hidden": POSITIVE,
    "ignore": Range(0, 65_535),
    "ignored": Range(0, 65535),
    "images": Range(0, 1000),
    "inner": WIDTH,
    "iterations": Range(1, 10_000),
    "keys": WIDTH,
    "label_mix": SHARE,
    "layer_norm_eps": POSITIVE,
    "layer_scale": NOT_NEGATIVE,
    "length": COUNT,
    "level": Range(-100, 100),
    "levels": LAYERS,
    "levels[]": Range(0, 1000),
    "limit": COUNT,
    "limit_val_batches": COUNT,
    "limits": Range(),
    "log_every_n_steps": COUNT,
    "longest_warmup": SHARE,
    "lr": POSITIVE,
    "lr_mult": NOT_NEGATIVE,
    "max_pixels": COUNT,
    "max_steps": COUNT,
    "model.channels": Range(0, 65536),
    "memory": Range(1, 10_000_000),
    "min_lr": NOT_NEGATIVE,
    "multiple": SIDE,
    "num_classes": Range(2, 65_534),
    "num_nodes": Range(1, 100_000),
    "oracle_group": COUNT,
    "output_stride": Range(1, 64),
    "patience": NOT_NEGATIVE,
    "position_size": SIDE,
    "power": NOT_NEGATIVE,
    "projector_layers": LAYERS,
    "prototypes": Range(1, 1000),
    "rank": WIDTH,
    "rare_threshold": Range(0, 1, above=True),
    "rate": Range(0, 1, above=True),
    "rates": SIDE,
    "ratio": POSITIVE,
    "ratio_range": POSITIVE,
    "ratios": Range(1, 4096),
    "reference_steps": COUNT,
    "retries": Range(0, 10_000),
    "samples": Range(0, 10_000_000),
    "scale": SIDE,
    "scales": Range(0, 32, above=True),
    "seconds": Range(0, 1e7, above=True),
    "seed": Range(0, 2**32 - 1),
    "side": SIDE,
    "size": SIDE,
    "smoothing": NOT_NEGATIVE,
    "startup": COUNT,
    "stem": WIDTH,
    "steps": COUNT,
    "stride": SIDE,
    "strip": Range(1, 1023),
    "sub_centroids": Range(1, 1000),
    "tau": POSITIVE,
    "optimizer.momentum": PROBABILITY,
    "threads": COUNT,
    "train": COUNT,
    "trials": COUNT,
    "trimap": SIDE,
    "warmup": NOT_NEGATIVE,
    "warmup_ratio": SHARE,
    "weight": NOT_NEGATIVE,
    "weight_decay": NOT_NEGATIVE,
    "weights": NOT_NEGATIVE,
    "widths": WIDTH,
    "window": SIDE,
    "windows": Range(64, 8192),
}
"""Ranges of numbers; also for each member of a list, unless ``name[]`` is given."""

CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "trainer.accelerator": ("auto", "cpu", "gpu", "cuda", "mps"),
    "trainer.compile": ("default", "max-autotune"),
    "lossy_labels": ("nearest",),
    "inference.blend": ("uniform", "gaussian"),
    "inference.context": ("window", "global"),
    "response.boundary": ("none", "canny", "change"),
    "branch": ("student", "coarse", "teacher", "auxiliary"),
    "class_average": ("present", "all"),
    "data.rare": ("none", "repeat"),
    "loss.class_weight": ("none", "inverse", "sqrt_inverse", "effective"),
    "coarse_score": ("dot", "cosine"),
    "direction": ("maximize", "minimize"),
    "entropy_source": ("teacher", "student", "coarse"),
    "logger.mode": ("auto", "online", "offline", "disabled"),
    "loss.kernel": ("auto", "strips", "triton"),
    "mean": ("valid", "all"),
    "classifier.position": ("conditional", "sinusoidal", "learnable"),
    "precision": ("fp32", "bf16"),
    "score": ("dot", "cosine"),
    "spatial_softmax": ("positions", "classes"),
    "student_form": (
        *("concatenated", "residual", "projected_sum", "projected"),
        *("plain_sum", "plain", "unadapted"),
    ),
    "teacher_form": (
        *("concatenated", "residual", "projected_sum", "projected"),
        *("plain_sum", "plain", "unadapted"),
    ),
}
"""Allowed words; the tests compare them with the tables of the code that reads them."""

PAIRS: Final[Mapping[str, bool]] = dict.fromkeys(
    ("betas", "crop", "data.range", "limits", "ratio_range", "scale", "stride", "window"), True
)
"""Names of lists with two members."""

EMPTY: Final[Mapping[str, bool]] = dict.fromkeys(("allow", "env", "ignored", "trimap"), True)
"""Names of lists that may be empty."""


def under(key: str, table: Mapping[str, Found]) -> Found | None:
    """The entry of a table for a dotted key: that of the longest name with which it ends."""
    parts = key.split(".")
    if key.endswith("[]") and (member := parts[-1]) not in table:
        parts[-1] = member.removesuffix("[]")
    for first in range(len(parts)):
        if (name := ".".join(parts[first:])) in table:
            return table[name]
    return None
