"""The data sets of a run, with the label table and the splits stored in its folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig

from segadapt.data.checks.split_record import check_record, version_of
from segadapt.data.dataset import LabelledDataset
from segadapt.data.files.partition import BY, EARLIER
from segadapt.runs.file_names import SPLITS, TABLE


def kept_table(node: DictConfig, folder: Path) -> dict[str, str]:
    """The argument that passes the label table of a run to its data set.

    Args:
        node: Config of the data set.
        folder: Run folder, which has no table before its training has started.
    """
    table = folder / TABLE
    return {"kept_table": str(table)} if "classes" in node and table.is_file() else {}


def kept_draw(node: DictConfig, folder: Path) -> dict[str, dict[str, Any]]:
    """The argument by which a run of an earlier version keeps the splits that it drew.

    Args:
        node: Config of the data set.
        folder: Run folder, which has no record of splits before its training has started.
    """
    partition = node.get("partition")
    if partition is None or partition.get("by") != BY[0]:
        return {}
    rule = EARLIER.get(version_of(folder / SPLITS))
    return {} if rule is None else {"partition": {"by": rule}}


def kept_arguments(node: DictConfig, folder: Path) -> dict[str, Any]:
    """The arguments by which a data set is opened as it was when a run began.

    Args:
        node: Config of the data set.
        folder: Run folder.
    """
    return {**kept_table(node, folder), **kept_draw(node, folder)}


def training_images(module: Mapping[str, Any]) -> dict[str, Any]:
    """The training set of a run without augmentation: its own split, length and other settings.

    Args:
        module: ``data.module`` of the run's config, as plain values.

    Returns:
        The config of the validation set with the values of the training set, except for the
        transform.
    """
    train, val = module["train"], module["val"]
    own = {key: train[key] for key in val.keys() & train.keys() if key != "transform"}
    return {**val, **own}


def split_of_run(data: DictConfig, folder: Path, part: str = "val") -> LabelledDataset:
    """Open a split as the training of a run would.

    Args:
        data: ``data`` of the run's config.
        folder: Run folder.
        part: Part of ``data.module`` whose settings are used.

    Raises:
        ValueError: If files, classes or label table differ from those of the run.
    """
    node = data.module[part]
    dataset: LabelledDataset = instantiate(node, **kept_arguments(node, folder))
    if (number := len(dataset.classes)) != data.num_classes:
        raise ValueError(
            f"the network of {folder} has {data.num_classes} classes, but its data set "
            f"{data.name} has {number}; use the label table of the network's classes (data.classes)"
        )
    check_record(folder / SPLITS, [dataset])
    return dataset
