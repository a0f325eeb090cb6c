"""What a data set's config says about its classes; none of its files is needed."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from hydra.utils import get_class, instantiate
from jaxtyping import UInt8
from omegaconf import DictConfig, OmegaConf

from segadapt.data.dataset import LabelledDataset
from segadapt.data.files.image_format import PLAIN, ImageFormat, Pixels, checked_format
from segadapt.data.labels import LabelContract
from segadapt.data.names import checked_names, read_names
from segadapt.data.palette import class_colors
from segadapt.data.transforms.normalization import IMAGENET, Statistics, checked_statistics
from segadapt.data.transforms.pipelines import EvalTransform
from segadapt.files import expanded
from segadapt.runs.config import value_at
from segadapt.structures import IGNORE


class DataFacts(NamedTuple):
    """What a trained network's images and labels are."""

    name: str
    """Of the data set."""
    classes: tuple[str, ...]
    colors: UInt8[np.ndarray, "k 3"]
    labels: LabelContract
    """What numbers label files have."""
    resized: Callable[[Pixels], Pixels]
    """The image at the size that the network sees."""
    form: ImageFormat = PLAIN
    """Channels and depth of the images."""
    statistics: Statistics = IMAGENET
    """By which they are normalised."""


def data_facts(config: DictConfig, names: Sequence[str] | None) -> DataFacts:
    """Read them from the config of a training.

    Args:
        config: The config; ``data`` is read.
        names: Class names that were kept beside it, for data sets that read theirs from a file.

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
    classes = _classes(kind, node, names, int(data["num_classes"]))
    return DataFacts(
        str(data.get("name", kind.__name__)),
        classes,
        class_colors(len(classes), kind.palette),
        _contract(kind, node, len(classes)),
        _resize(node),
        _form(node),
        checked_statistics(*(value_at(node, f"transform.{key}") for key in ("mean", "std"))),
    )


def _form(node: Mapping[str, Any]) -> ImageFormat:
    """What images are; data sets without a depth have 8-bit RGB."""
    if "depth" not in node:
        return PLAIN
    return checked_format(node["channels"], node["depth"], node.get("limits"))


def _classes(
    kind: type[LabelledDataset], node: Mapping[str, Any], names: Sequence[str] | None, number: int
) -> tuple[str, ...]:
    """Those of the data set; they are fixed, in the config, kept beside it, or in a file."""
    classes = getattr(kind, "classes", None) or node.get("classes") or names
    file = node.get("classes_file")
    if classes is None and file and expanded(file).is_file():
        classes = read_names(Path(expanded(file)))
    if classes is None:
        raise ValueError(
            f"the names of the {number} classes are not known: the run does not keep them, and "
            f"the class list {file} is gone; put it back"
        )
    checked = checked_names(list(classes), "the class list")
    if len(checked) != number:
        raise ValueError(f"{len(checked)} class names, but the network has {number} classes")
    return checked


def _contract(kind: type[LabelledDataset], node: Mapping[str, Any], number: int) -> LabelContract:
    """What the numbers in label files mean; 0 ... K-1 where there are no files."""
    own = getattr(kind, "labels", None)
    if own is not None:
        return own
    ignored = node.get("ignored", [IGNORE])
    return LabelContract.consecutive(number, node.get("first_label", 0), ignored=ignored)


def _resize(node: Mapping[str, Any]) -> Callable[[Pixels], Pixels]:
    """What evaluation does to the size of an image."""
    if "transform" not in node:
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
