"""The data sets of a run, with the label table and the splits stored in its folder."""

from pathlib import Path

from hydra.utils import instantiate
from omegaconf import DictConfig

from segadapt.data.checks.split_record import check_record
from segadapt.data.dataset import LabelledDataset
from segadapt.runs.file_names import SPLITS, TABLE


def kept_table(node: DictConfig, folder: Path) -> dict[str, str]:
    """The argument that passes the label table of a run to its data set.

    Args:
        node: Config of the data set.
        folder: Run folder, which has no table before its training has started.
    """
    table = folder / TABLE
    return {"kept_table": str(table)} if "classes" in node and table.is_file() else {}


def split_of_run(
    data: DictConfig,
    folder: Path | None,
    part: str = "val",
    split: str | None = None,
    length: int | None = None,
) -> LabelledDataset:
    """Open a split as the training of a run would.

    Args:
        data: ``data`` of the run's config.
        folder: Run folder; None for a bundle.
        part: Part of ``data.module`` whose settings are used.
        split: Split to open instead of that part's.
        length: Number of images of a generated set, instead of that part's.

    Raises:
        ValueError: If files, classes or label table differ from those of the run.
    """
    node = data.module[part]
    given = {"split": split, "length": length}
    changed = {key: value for key, value in given.items() if value is not None}
    table = {} if folder is None else kept_table(node, folder)
    dataset: LabelledDataset = instantiate(node, **changed, **table)
    if (number := len(dataset.classes)) != data.num_classes:
        raise ValueError(
            f"the network of {folder or 'this bundle'} has {data.num_classes} classes, but its "
            f"data set {data.name} has {number}; use the label table of the network's classes "
            "(data.classes)"
        )
    if dataset.recorded and folder is not None:
        check_record(folder / SPLITS, {split or str(node.split): dataset})
    return dataset
