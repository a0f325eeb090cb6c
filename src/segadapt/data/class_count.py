"""The number of classes that a label table has, as configs ask for it."""

from typing import Any

from omegaconf import OmegaConf

from segadapt.files import expanded


def count(classes: Any, root: str) -> int:
    """``${class_count:${data.classes},${data.root}}``: what ``data.num_classes`` follows.

    Args:
        classes: As ``data.classes`` says it.
        root: Folder of the data set.

    Raises:
        ValueError: If there is no label table and no list of names, or it is not in order.
    """
    # Imports torch, and only data sets of the user's own need it.
    from segadapt.data.label_table.choice import number_of_classes

    return number_of_classes(classes, expanded(root))


def register() -> None:
    """Let configs ask for the number of classes."""
    OmegaConf.register_new_resolver("class_count", count, replace=True)
