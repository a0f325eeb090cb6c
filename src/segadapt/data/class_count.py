"""The number of classes of a label table, as a resolver for configs."""

from typing import Any

from omegaconf import OmegaConf

from segadapt.files import expanded


def count(classes: Any, root: str) -> int:
    """``${class_count:${data.classes},${data.root}}``, for ``data.num_classes``.

    Args:
        classes: The value of ``data.classes``.
        root: Folder of the data set.

    Raises:
        ValueError: If there is neither a label table nor a list of names, or it is invalid.
    """
    # Imports torch, and only data sets with their own label table need it.
    from segadapt.data.label_table.choice import number_of_classes

    return number_of_classes(classes, expanded(root))


def register() -> None:
    """Register the resolver ``class_count``."""
    OmegaConf.register_new_resolver("class_count", count, replace=True)
