"""Description of a folder of cached features, read before any slow import."""

from pathlib import Path
from typing import Any, Final, NamedTuple

from omegaconf import OmegaConf

from segadapt.text.bounded import MIB, read_object
from segadapt.text.invocation import command

CACHE: Final = "cache.json"
"""Written last: a folder without it is not a cached set, whatever else it holds."""

FEATURES, LABELS = "features.npy", "labels.npy"
"""Files of each split: samples x channels x rows x columns, and samples x rows x columns."""


class FeatureCache(NamedTuple):
    """A cached set."""

    classes: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...] | None
    channels: int
    precision: str
    """``fp32`` or ``bf16``; numpy lacks the latter, so its bits are stored as int16."""
    crop: tuple[int, int]
    """Rows and columns of the training labels."""
    names: dict[str, list[str]]
    """Names of the samples of each split."""
    source: dict[str, Any]
    """Run, checkpoint and data from which the features were computed."""


def read_set(root: str | Path) -> FeatureCache:
    """Read the facts of a cached set.

    Raises:
        ValueError: If there is none.
    """
    file = Path(root) / CACHE
    if not file.is_file():
        raise ValueError(
            f"{root} holds no cached features: it has no {CACHE}; make it with "
            f"{command('cache-features')} run=RUN_FOLDER out={root}"
        )
    try:
        cache = FeatureCache(**read_object(file, 32 * MIB))
        palette = None if cache.palette is None else tuple((r, g, b) for r, g, b in cache.palette)
        rows, columns = map(int, cache.crop)
        classes = tuple(map(str, cache.classes))
        names = {str(split): list(map(str, names)) for split, names in cache.names.items()}
        channels = int(cache.channels)
    except (AttributeError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"{file} is damaged or of another version ({error})") from error
    plain = cache._replace(classes=classes, palette=palette, crop=(rows, columns))
    return plain._replace(names=names, channels=channels)


def fact(root: str, name: str) -> Any:
    """One fact as a config has it: ``${cached:FOLDER,channels}``."""
    cache = read_set(root)
    facts = {"num_classes": len(cache.classes), "channels": cache.channels, "crop": [*cache.crop]}
    return facts[name]


def register() -> None:
    """Register the resolver for facts of a cached data set."""
    OmegaConf.register_new_resolver("cached", fact, replace=True)
