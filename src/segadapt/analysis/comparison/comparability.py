"""Check that numbers were measured under the same conditions."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from segadapt.analysis.comparison.results import Result
from segadapt.evaluation.metrics.per_image import PerImage
from segadapt.runs.config import without_location
from segadapt.runs.file_names import ENVIRONMENT
from segadapt.runs.kept_table import table_digest
from segadapt.text.bounded import MIB, read_object

NOT_CONDITIONS = ("software", "run", "checkpoint", "seconds", "device", "inference")
"""Entries of a protocol that are not conditions: who measured what and when, and entries read
separately."""

DATA = ("name", "num_classes")
"""Keys of a config's data that are conditions, besides the arguments of the validation set; sizes
used only in training are not."""

NOISE = ("num_workers", "max_pixels")
"""Settings of the validation set that do not change what it contains."""

LABELS = "labels"
"""Digest of the label table in a run folder; runs of earlier versions have none."""

IMAGES = "measured images"
"""Their number, with a digest of their names and labelled pixels; runs of earlier versions have no
counts of images."""

MAY_LACK = (LABELS, IMAGES)
"""Conditions that are only compared between the runs that have them."""


def stamp(result: Result) -> dict[str, Any]:
    """The conditions of a number as a flat mapping: protocol, validation data and inference."""
    data = without_location(result.config)["data"]
    conditions = {
        "protocol": {
            key: value
            for key, value in result.report.get("protocol", {}).items()
            if key not in NOT_CONDITIONS
        },
        "data": {key: data.get(key) for key in DATA},
        "validation": data["module"]["val"],
        "inference": result.inference,
    }
    if digest := table_digest(result.folder):
        conditions[LABELS] = digest
    if result.per_image is not None:
        conditions[IMAGES] = measured(result.per_image)
    return dict(flat(conditions, ""))


def measured(images: PerImage) -> str:
    """A name for a selection of images with their labels, by content."""
    labelled = images.counts[:, 1].astype("<i8")
    content = "\0".join(images.names).encode() + labelled.tobytes()
    return f"{len(images.names)} with digest {hashlib.sha256(content).hexdigest()[:8]}"


def differing(results: Sequence[Result]) -> dict[str, list[str]]:
    """Fields in which the stamps of results differ, with their values."""
    stamps = [stamp(result) for result in results]
    fields = sorted(set().union(*stamps)) if stamps else []
    values = {
        field: sorted(
            {
                repr(one.get(field, "absent"))
                for one in stamps
                if field not in MAY_LACK or field in one
            }
        )
        for field in fields
    }
    return {field: there for field, there in values.items() if len(there) > 1}


def check_comparable(results: Sequence[Result]) -> None:
    """Refuse to rank results measured under different conditions.

    Raises:
        ValueError: If a field of the stamps differs.
    """
    if odd := differing(results):
        said = "; ".join(f"{field} is {' and '.join(there)}" for field, there in odd.items())
        raise ValueError(
            f"these runs were not measured under the same conditions, so they are not ranked: "
            f"{said}. Pass runs of one protocol, or each=true to list them without comparing"
        )


def versions(results: Sequence[Result]) -> list[str]:
    """Notes about software versions that differ between the results."""
    software = [result.report.get("protocol", {}).get("software", {}) for result in results]
    said = []
    for name in sorted(set().union(*software)) if software else []:
        there = sorted({str(one.get(name, "unknown")) for one in software})
        if len(there) > 1:
            said.append(f"{name} differs between the runs: {', '.join(there)}")
    return said


def machines(results: Sequence[Result]) -> list[str]:
    """Notes about processors and GPUs that differ between the results, as far as they are known."""
    files = [result.folder / ENVIRONMENT for result in results]
    known = [part for file in files if file.is_file() for part in _parts(read_object(file, MIB))]
    said = []
    for key, name in (("processor", "the processor"), ("gpus", "the GPUs")):
        there = sorted({_words(one[key]) for one in known if key in one})
        if len(there) > 1:
            said.append(f"{name} differed: {'; '.join(there)}; times cannot be compared")
    return said


def _parts(environment: dict[str, Any]) -> list[dict[str, Any]]:
    """The environment in which a run started, and those in which it was resumed."""
    resumed = environment.get("resumed_in")
    later = resumed if isinstance(resumed, list) else []  # anybody may have edited the file
    return [environment, *(one for one in later if isinstance(one, dict))]


def _words(hardware: Any) -> str:
    """A processor by its name; GPUs by name and number."""
    if isinstance(hardware, list):
        names = [gpu.get("name", "unknown") for gpu in hardware if isinstance(gpu, dict)]
        return (
            " and ".join(f"{names.count(name)} x {name}" for name in dict.fromkeys(names)) or "none"
        )
    return str(hardware)


def flat(node: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Every value of a mapping with its dotted key, except ``NOISE``; a list is one value.

    Args:
        node: Mapping, list or value.
        key: Dotted key of ``node``.
    """
    if isinstance(node, Mapping) and node:
        for name, value in node.items():
            if name not in NOISE:
                yield from flat(value, f"{key}.{name}" if key else str(name))
    else:
        yield key, node
