"""Facts about images and classes from the config of a data set, without its files."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from hydra.utils import get_class, instantiate
from jaxtyping import UInt8
from omegaconf import DictConfig, OmegaConf

from segadapt.data.dataset import LabelledDataset
from segadapt.data.files.image_format import PLAIN, ImageFormat, Pixels, checked_format
from segadapt.data.label_table.choice import FILES, chosen_table
from segadapt.data.label_table.table import Color, LabelTable
from segadapt.data.labels import LabelContract
from segadapt.data.palette import class_colors, completed
from segadapt.data.transforms.normalization import IMAGENET, Statistics, checked_statistics
from segadapt.data.transforms.pipelines import EvalTransform
from segadapt.files import expanded
from segadapt.runs.config import value_at
from segadapt.structures import ignored_label

IMAGE_KEYS: Final = (
    "_target_",
    "transform",
    "channels",
    "depth",
    "limits",
    "lossy_labels",
    "windows",
)
"""Keys of the validation data set that decide about images, without paths. The meaning of labels is
in the label table."""


class DataFacts(NamedTuple):
    """Properties of a trained network's images and labels."""

    name: str
    """Name of the data set."""
    classes: tuple[str, ...]
    colors: UInt8[np.ndarray, "k 3"]
    labels: LabelContract
    """Meaning of the numbers in label files."""
    resized: Callable[[Pixels], Pixels]
    """The image at the size that the network sees."""
    form: ImageFormat = PLAIN
    """Channels and depth of the images."""
    statistics: Statistics = IMAGENET
    """Mean and standard deviation by which they are normalised."""
    windows: int | None = None
    """Side of the blocks in which TIFFs were read, pixels; None: images were read whole."""


def data_facts(
    config: DictConfig, names: Sequence[str] | None, table: LabelTable | None = None
) -> DataFacts:
    """Read them from the config of a training.

    Args:
        config: The config; ``data`` is read.
        names: Class names that were kept beside it, for data sets that read theirs from a file.
        table: Label table that was kept beside it; None in earlier versions.

    Raises:
        ValueError: If the network is not for images, or the class names are not known.
    """
    data: Any = OmegaConf.to_container(config.data)
    node = value_at(data, "module.val")
    if not isinstance(node, dict) or "_target_" not in node:
        raise ValueError("the config has no data.module.val, which says what the images are")
    kind: type[LabelledDataset] = get_class(node["_target_"])
    if not kind.pictures:
        raise ValueError(
            f"data set {data.get('name')} holds cached features, and a network trained on them "
            "takes no images; load the run that they were made with"
        )
    images = image_settings(node)
    labels, palette = _labels(kind, node, names, table, int(data["num_classes"]))
    classes = labels.table.names
    return DataFacts(
        str(data.get("name", kind.__name__)),
        classes,
        class_colors(len(classes), palette),
        labels,
        _resize(images),
        _form(images),
        checked_statistics(*(value_at(images, f"transform.{key}") for key in ("mean", "std"))),
        images.get("windows"),
    )


def image_settings(node: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a data set that decide about images, which are all that a bundle keeps.

    Facts about images are read from nothing else, so that a bundle cannot lack one.

    Args:
        node: Config of the validation data set.
    """
    return {key: node[key] for key in IMAGE_KEYS if key in node}


def _form(node: Mapping[str, Any]) -> ImageFormat:
    """The format of images; data sets without a depth have 8-bit RGB."""
    if "depth" not in node:
        return PLAIN
    return checked_format(node["channels"], node["depth"], node.get("limits"))


def _labels(
    kind: type[LabelledDataset],
    node: Mapping[str, Any],
    names: Sequence[str] | None,
    kept: LabelTable | None,
    number: int,
) -> tuple[LabelContract, Sequence[Color] | None]:
    """The meaning of values in label files, and the colours of the classes."""
    own = getattr(kind, "labels", None)
    if own is not None:
        return own, kind.palette
    table = _table(kind, node, names, number) if kept is None else kept
    if table.num_classes != number:
        raise ValueError(
            f"the network has {number} classes, but its label table (data.classes) has "
            f"{table.num_classes}; use the table of the network's classes"
        )
    nearest = image_settings(node).get("lossy_labels") is not None
    return LabelContract(table, nearest), completed(table.palette) or kind.palette


def _table(
    kind: type[LabelledDataset], node: Mapping[str, Any], names: Sequence[str] | None, number: int
) -> LabelTable:
    """The label table: that of the config, or one made of fixed or stored names."""
    classes = getattr(kind, "classes", None) or node.get("classes")
    file = expanded(node.get("classes_file") or "")
    first, ignored = node.get("first_label", 0), node.get("ignored", [ignored_label(number)])
    if classes is None and not any((file.parent / name).is_file() for name in FILES[:-1]):
        classes = names
    if classes is None and not node.get("classes_file"):
        raise ValueError(f"the names of the {number} classes are not known: the run keeps none")
    try:
        return chosen_table(classes, file.parent, first, ignored)
    except ValueError as error:
        raise ValueError(
            f"the names of the {number} classes are not known: {error}; put it back"
        ) from error


def _resize(node: Mapping[str, Any]) -> Callable[[Pixels], Pixels]:
    """The resize that evaluation applies to an image."""
    if "transform" not in node or node.get("windows") is not None:
        return _unchanged
    transform = instantiate(node["transform"])
    if not isinstance(transform, EvalTransform):
        raise ValueError(
            f"{type(transform).__name__} prepares the images of this data set in a way that is "
            "not known here; predictions need EvalTransform"
        )
    return transform.resized


def _unchanged(image: Pixels) -> Pixels:
    return image
