"""Facts about published weights: licence, normalisation, and whether they exist."""

import logging
from typing import Final, NamedTuple

import timm
from timm.models import get_arch_pretrained_cfgs

from segadapt.functional.normalization import MEAN, STD
from segadapt.text.choices import unknown

log = logging.getLogger(__name__)

NVIDIA: Final = "NVIDIA Source Code License, not for commercial use"
Statistics = tuple[float, ...]


class Tag(NamedTuple):
    """One set of published weights."""

    source: str | None
    """Location of the weights; None if there are none."""
    licence: str
    mean: Statistics
    std: Statistics


def timm_tag(name: str) -> Tag:
    """The weights of timm with a name, and a tag after a dot; without a tag, the default ones.

    Raises:
        ValueError: If the tag is unknown.
    """
    bare, _, tag = name.partition(".")
    known = [other.partition(".")[2] for other in get_arch_pretrained_cfgs(bare)]
    if tag and tag not in known:
        raise ValueError(unknown("weights", tag, filter(None, known), f"of timm's {bare}"))
    found = timm.get_pretrained_cfg(name)
    if found is None:
        return Tag(None, "unknown", MEAN, STD)
    source = found.hf_hub_id or found.url or found.file
    licence = found.license or "unknown"
    return Tag(str(source) if source else None, licence, tuple(found.mean), tuple(found.std))


def smp_tag(name: str) -> Tag:
    """The ``imagenet`` weights of smp for one of its own encoders."""
    licence = NVIDIA if name.startswith("mit_") else "as stated on its page"
    return Tag(f"smp-hub/{name}.imagenet", licence, MEAN, STD)


def check_published(name: str, tag: Tag) -> None:
    """Check that weights are published.

    Raises:
        ValueError: If they are not; names the alternatives.
    """
    if tag.source is None:
        raise ValueError(
            f"no weights are published for {name}; train from scratch with data.pretrained=false, "
            "or pass a file as model.encoder.weights=FILE"
        )


def show(name: str, tag: Tag) -> None:
    """Print the licence of weights, and the normalisation that they expect."""
    # A warning, because lower levels are not shown on a terminal.
    log.warning(
        "weights of %s from %s; licence: %s; normalisation: mean %s, std %s",
        name, tag.source, tag.licence, _numbers(tag.mean), _numbers(tag.std),
    )  # fmt: skip


def _numbers(values: Statistics) -> str:
    return " ".join(f"{value:g}" for value in values)
