"""A trained network out of a bundle."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from hydra.utils import instantiate
from safetensors import SafetensorError
from safetensors.torch import load as tensors_of

from segadapt.data.label_table.reading import table_of
from segadapt.data.label_table.table import LabelTable
from segadapt.deployment.loading.bundle_files import (
    CONFIG,
    FACTS,
    WEIGHTS,
    config_of,
    read_files,
    text_of,
)
from segadapt.deployment.loading.data_facts import data_facts
from segadapt.deployment.loading.trained_network import (
    TrainedNetwork,
    built_network,
    check_used_parts,
    checked_parts,
)
from segadapt.runs.trust import trusting
from segadapt.text.bounded import parse_json


def from_bundle(place: Path, trust: bool = False) -> TrainedNetwork:
    """Read the network of a bundle; no byte of it may have changed.

    Args:
        place: Folder, or zip archive.
        trust: Whether its config may build classes that are not on the allow-list.

    Raises:
        ValueError: If it is damaged, has changed, or is not to be trusted.
    """
    contents = read_files(place)
    config = config_of(contents, place, trusting if trust else checked_parts)
    check_used_parts(config, place / CONFIG)
    facts = _facts(contents[FACTS], place)
    try:
        tensors = tensors_of(contents[WEIGHTS])
    except (SafetensorError, ValueError, KeyError) as error:
        raise ValueError(f"{place}: {WEIGHTS} is not a safetensors file ({error})") from error
    data = data_facts(config, facts["classes"], _table(facts, place))
    colors = np.array(facts["colors"], dtype=np.uint8).reshape(len(data.classes), 3)
    return TrainedNetwork(
        built_network(config, tensors, f"{place}: {WEIGHTS}"),
        config,
        data._replace(colors=colors),
        instantiate(config.inference),
        facts["precision"],
        {**facts["info"], "source": str(place)},
    )


def _table(facts: Mapping[str, Any], place: Path) -> LabelTable | None:
    """The label table; None in bundles of earlier versions, whose config contains it."""
    if (text := facts.get("table")) is None:
        return None
    if not isinstance(text, str):
        raise ValueError(f"{place}: the label table in {FACTS} is not text")
    return table_of(text, f"{place}: {FACTS}")


def _facts(content: bytes, place: Path) -> dict[str, Any]:
    facts = parse_json(text_of(content, place, FACTS), f"{place}: {FACTS}")
    kinds = {"classes": list, "colors": list, "precision": str, "info": dict}
    for key, kind in kinds.items():
        if not isinstance(facts, dict) or not isinstance(facts.get(key), kind):
            raise ValueError(f"{place}: {FACTS} has no {key}")
    return facts
