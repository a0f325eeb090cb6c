"""Starting a training from the weights of another: taken, new and unused tensors."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import Tensor, nn

from segadapt.deployment.initialization.model_words import model_words
from segadapt.deployment.loading.read import read_network
from segadapt.deployment.loading.trained_network import TrainedNetwork
from segadapt.segmentor import Segmentor

TEACHER = "teacher"
"""Optional part of a classifier, whose tensors may be new or unused."""


class Taken(NamedTuple):
    """Counts of taken, new and unused tensors of one part of a network."""

    part: str
    """``encoder``, ``decoder``, ``auxiliary``, ``classifier``."""
    taken: int
    """Tensors with the origin's values, in whole or by class."""
    new: int
    """Tensors that keep their own initialisation."""
    left: int
    """Tensors of the origin that nothing takes."""
    why: str = ""


def start_from(
    model: Segmentor, classes: Sequence[str], cfg: DictConfig
) -> tuple[list[Taken], TrainedNetwork]:
    """Copy the weights that ``init`` names into a network.

    Args:
        model: Network of the new training, changed in place.
        classes: Names of its classes.
        cfg: Config of the new training.

    Returns:
        A row for each part of the network, and where the weights come from.

    Raises:
        ValueError: If weights do not fit where they must; names them.
    """
    origin = read_network(str(cfg.init.run), cfg.init.checkpoint)
    theirs, own = origin.network.state_dict(), model.state_dict()
    same = tuple(classes) == origin.data.classes
    generator, rows = _generator(own, theirs, same, model_words(origin.folder))
    classifier, row = _classifier(model, classes, cfg, origin)
    with torch.no_grad():
        for name, value in {**generator, **classifier}.items():
            own[name].copy_(value)
    return [*rows, row], origin


def _generator(
    own: Mapping[str, Tensor], theirs: Mapping[str, Tensor], same_classes: bool, words: str
) -> tuple[dict[str, Tensor], list[Taken]]:
    """All of the generator but its auxiliary head, which may be new."""
    taken: dict[str, Tensor] = {}
    rows = []
    for part in sorted({_part(name) for name in own if name.startswith("generator.")}):
        ours, other = _below(own, part), _below(theirs, part)
        optional = part == "auxiliary"
        if optional and not same_classes:
            rows.append(Taken(part, 0, len(ours), len(other), "other classes"))
            continue
        _check_fit(ours, other, part, optional, words)
        chosen = {name: other[name] for name in ours if name in other}
        taken |= chosen
        rows.append(_counted(part, ours, other, chosen))
    return taken, rows


def _classifier(
    model: Segmentor, classes: Sequence[str], cfg: DictConfig, origin: TrainedNetwork
) -> tuple[dict[str, Tensor], Taken]:
    """The weights for the classifier, according to ``init.classifier``."""
    own, theirs = model.classifier.state_dict(), origin.network.classifier.state_dict()
    kind, other = type(model.classifier), type(origin.network.classifier)
    if cfg.init.classifier == "renew" or kind is not other:
        why = "renewed" if kind is other else f"{kind.__name__}, the origin has {other.__name__}"
        return {}, Taken("classifier", 0, len(own), len(theirs), why)
    if cfg.init.classifier == "keep" and tuple(classes) != origin.data.classes:
        raise ValueError(
            f"init.classifier=keep needs the origin's classes, but {_difference(classes, origin)}; "
            "pass init.classifier=match to take those with the same name, or init.classifier=renew"
        )
    dimensions = class_dimensions(model, instantiate(cfg.classifier), len(classes))
    places = [
        origin.data.classes.index(name) if name in origin.data.classes else None for name in classes
    ]
    chosen = matched(own, theirs, dimensions, places)
    named = {f"classifier.{name}": value for name, value in chosen.items()}
    known = len(classes) - places.count(None)
    why = f"{known} of {len(classes)} classes by name" if cfg.init.classifier == "match" else ""
    return named, Taken(
        "classifier", len(chosen), len(own) - len(chosen), len(theirs) - len(chosen), why
    )


def class_dimensions(
    model: Segmentor, build: Callable[[int, int], nn.Module], number: int
) -> dict[str, tuple[int, int]]:
    """The dimension of classes in each tensor, and the number of rows per class.

    Found by building the classifier with one class more.

    Args:
        model: Network with the classifier.
        build: Makes the classifier from the feature width and the number of classes.
        number: Number of its classes.
    """
    with torch.random.fork_rng(devices=[]):
        larger = build(model.generator.channels, number + 1).state_dict()
    dimensions = {}
    for name, value in model.classifier.state_dict().items():
        for index, (size, grown) in enumerate(zip(value.shape, larger[name].shape, strict=True)):
            if grown != size:
                dimensions[name] = (index, grown - size)
    return dimensions


def matched(
    own: Mapping[str, Tensor],
    theirs: Mapping[str, Tensor],
    dimensions: Mapping[str, tuple[int, int]],
    places: Sequence[int | None],
) -> dict[str, Tensor]:
    """The classifier's tensors with the origin's values, class by class.

    Args:
        own: Tensors of the new classifier; classes that the origin lacks keep theirs.
        theirs: Tensors of the origin.
        dimensions: Dimensions of the classes, see :func:`class_dimensions`.
        places: For each new class the number that the origin had for it; None: it had none.

    Raises:
        ValueError: If tensors are missing on one side, or their shapes differ otherwise.
    """
    lacking = [name for name in own.keys() ^ theirs.keys() if TEACHER not in name.split(".")]
    shared = own.keys() & theirs.keys()
    misfits = [name for name in shared if not _fits(own[name], theirs[name], dimensions.get(name))]
    if names := sorted([*lacking, *misfits]):
        raise ValueError(
            f"init.classifier: {len(names)} tensors of the classifier do not fit: "
            f"{_shapes(names, own, theirs)}; pass the settings of the origin, or "
            "init.classifier=renew"
        )
    return {
        name: _by_class(own[name], theirs[name], dimensions.get(name), places) for name in shared
    }


def _fits(own: Tensor, theirs: Tensor, dimension: tuple[int, int] | None) -> bool:
    """Whether shapes are equal except for the number of classes."""
    sizes = [list(own.shape), list(theirs.shape)]
    if len(sizes[0]) != len(sizes[1]):
        return False
    if dimension is not None:
        index, rows = dimension
        if sizes[1][index] % rows:
            return False
        for size in sizes:
            size[index] = 0
    return sizes[0] == sizes[1]


def _by_class(
    own: Tensor, theirs: Tensor, dimension: tuple[int, int] | None, places: Sequence[int | None]
) -> Tensor:
    if dimension is None:
        return theirs
    index, rows = dimension
    known = [(new, old) for new, old in enumerate(places) if old is not None]
    new_rows, old_rows = (_rows([pair[side] for pair in known], rows) for side in (0, 1))
    return own.index_copy(index, new_rows, theirs.index_select(index, old_rows))


def _rows(classes: Sequence[int], rows: int) -> Tensor:
    """Numbers of all rows of some classes."""
    first = torch.tensor(classes, dtype=torch.long)[:, None] * rows
    return (first + torch.arange(rows)).flatten()


def _part(name: str) -> str:
    """``encoder``, ``decoder`` or ``auxiliary``; ``generator`` for networks without these parts."""
    part = name.split(".")[1]
    return part if part in ("encoder", "decoder", "auxiliary") else "generator"


def _below(tensors: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    return {
        name: value
        for name, value in tensors.items()
        if name.startswith("generator.") and _part(name) == part
    }


def _check_fit(
    own: Mapping[str, Tensor], theirs: Mapping[str, Tensor], part: str, optional: bool, words: str
) -> None:
    if optional and not (own and theirs):
        return
    names = sorted(
        name for name in own.keys() | theirs.keys() if _shape(own, name) != _shape(theirs, name)
    )
    if names:
        raise ValueError(
            f"init.run: {len(names)} tensors of the {part} do not fit: "
            f"{_shapes(names, own, theirs)}; pass the origin's settings of the model{words}"
        )


def _counted(
    part: str,
    own: Mapping[str, Tensor],
    theirs: Mapping[str, Tensor],
    taken: Mapping[str, Tensor],
    why: str = "",
) -> Taken:
    return Taken(part, len(taken), len(own) - len(taken), len(theirs) - len(taken), why)


def _shapes(names: Sequence[str], own: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> str:
    """The first of some names, with both shapes."""
    return ", ".join(
        f"{name} (origin: {_shape(theirs, name)}, here: {_shape(own, name)})" for name in names[:3]
    )


def _shape(tensors: Mapping[str, Tensor], name: str) -> tuple[int, ...] | str:
    return tuple(tensors[name].shape) if name in tensors else "absent"


def _difference(classes: Sequence[str], origin: TrainedNetwork) -> str:
    """The difference between two lists of class names, in words."""
    theirs = origin.data.classes
    if len(classes) != len(theirs):
        return f"it has {len(theirs)}, and these data have {len(classes)}"
    index = next(
        i for i, pair in enumerate(zip(classes, theirs, strict=True)) if pair[0] != pair[1]
    )
    return f"its class {index} is {theirs[index]!r}, not {classes[index]!r}"
