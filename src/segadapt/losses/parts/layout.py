"""Strips of scores, and the layouts of their dimensions.

A pixel loss is written once for strips whose classes may be any of their dimensions: softmax and
sums take the dimension as an argument, and :class:`Layout` handles everything else that depends on
it.
"""

import math
from functools import cached_property
from typing import Final, NamedTuple

import torch
from jaxtyping import Float, Int, Int32, Integer, Shaped
from torch import Tensor


class Layout(NamedTuple):
    """The order of the four dimensions of a strip: classes, images, rows and columns of pixels.

    The labels of a strip have the other three dimensions in the same order.
    """

    classes: int
    """The dimension of the classes."""
    images: int
    """The dimension of the images."""
    rows: int
    """The dimension of the rows of pixels."""

    def of_labels(
        self, labels: Integer[Tensor, "m r W"], dtype: torch.dtype
    ) -> Float[Tensor, "_ _ _"]:
        """Labels of some rows in this order, as numbers of the scores' type."""
        ordered = labels.to(torch.int32).movedim(0, self._images_of_labels)  # in two steps: faster
        return ordered.to(dtype, memory_format=torch.contiguous_format).contiguous()

    def of_images(self, values: Shaped[Tensor, "m"]) -> Shaped[Tensor, "_ _ _"]:
        """One value per image, in a shape that broadcasts with labels."""
        return values.view([-1 if dim == self._images_of_labels else 1 for dim in range(3)])

    def of_classes(self, values: Float[Tensor, "m k"]) -> Float[Tensor, "_ _ _ _"]:
        """One value per image and class, in a shape that broadcasts with scores."""
        shape = [1, 1, 1, 1]
        shape[self.images], shape[self.classes] = values.shape
        return (values if self.images < self.classes else values.mT).reshape(shape)

    def sums(self, values: Float[Tensor, "_ _ _ _"]) -> Float[Tensor, "m k"]:
        """Sums over the pixels of each image and class."""
        pixels = [dim for dim in range(4) if dim not in (self.classes, self.images)]
        sums = values.sum(pixels)
        return sums if self.images < self.classes else sums.mT

    def add(
        self,
        total: Float[Tensor, "_ _ _ _"],
        values: Float[Tensor, "_ _ _ _"],
        classes: Int[Tensor, "p"] | None,
    ) -> None:
        """Add the values of some or all classes to those of all classes, in place."""
        if classes is None:
            total.add_(values)
        else:
            total.index_add_(self.classes, classes, values)

    def places(self, label: Int32[Tensor, "_ _ _"], classes: int) -> Int32[Tensor, "n"]:
        """Index of each pixel's score for this class in the flattened strip."""
        shape = list(label.shape)
        shape.insert(self.classes, classes)
        strides = [math.prod(shape[dim + 1 :]) for dim in range(4)]
        stride = strides.pop(self.classes)
        # From the outermost dimension inward, so that only the last sum has all pixels.
        first = torch.zeros((), dtype=torch.int32, device=label.device)
        for length, step in zip(label.shape, strides, strict=True):
            steps = torch.arange(0, length * step, step, dtype=torch.int32, device=label.device)
            first = first[..., None] + steps
        return torch.add(first, label, alpha=stride).flatten()

    @property
    def _images_of_labels(self) -> int:
        """The dimension of the images in labels, which have no dimension of classes."""
        return self.images - (self.images > self.classes)


PLANES: Final = Layout(classes=1, images=2, rows=0)
"""(row, class, image, column): a plane of pixels for each class."""

PIXELS: Final = Layout(classes=3, images=0, rows=1)
"""(image, row, column, class): the scores of a pixel side by side."""


ONE_HOT: Final = 7
"""Number of classes up to which a pixel's own class is found by vectorised comparison with all
classes; beyond, by an index, which is not vectorised, but costs the same for any number."""


class Strip:
    """Scores of some rows of a few images, and their labels.

    Args:
        layout: The order of the dimensions.
        scores: Scores, shared by all losses, which must not change them.
        labels: Labels as in the label map, including ignored ones, in the type of the scores.
        num_classes: Number of classes of the labels.
        numbers: Index of each of these among the strip's classes; None if the strip has all
            classes.

    Attributes:
        difference: Whether the scores are one plane for two classes: second minus first.
    """

    def __init__(
        self,
        layout: Layout,
        scores: Float[Tensor, "_ _ _ _"],
        labels: Float[Tensor, "_ _ _"],
        num_classes: int,
        numbers: Int32[Tensor, "k"] | None = None,
    ) -> None:
        self.layout, self.scores, self.labels = layout, scores, labels
        self.num_classes, self.numbers = num_classes, numbers
        self.difference = num_classes == 2 and numbers is None and scores.shape[layout.classes] == 1

    @cached_property
    def label(self) -> Int32[Tensor, "_ _ _"]:
        """Labels as numbers of the strip's classes; any class for an ignored pixel."""
        label = self.labels.clamp(0, self.num_classes - 1).to(torch.int32)
        return label if self.numbers is None else looked_up(self.numbers, label)

    @cached_property
    def places(self) -> Int32[Tensor, "n"]:
        """Index of the score of each pixel's own class in the flattened scores."""
        return self.layout.places(self.label, self.scores.shape[self.layout.classes])

    @cached_property
    def pairs(self) -> Int32[Tensor, "n"]:
        """Index of each pixel's image and class in a flattened (m p) table."""
        images, classes = (self.scores.shape[dim] for dim in self.layout[1::-1])
        steps = torch.arange(images, dtype=torch.int32, device=self.label.device) * classes
        return (self.label + self.layout.of_images(steps)).flatten()

    @cached_property
    def known(self) -> Float[Tensor, "_ _ _"]:
        """1 for pixels whose label is a class, else 0; as floats, which are vectorised."""
        nearest = self.labels.clamp(0, self.num_classes - 1)
        return torch.eq(self.labels, nearest, out=nearest)

    def labelled(self, ignore: int) -> Float[Tensor, "_ _ _"]:
        """1 for pixels whose label is a class other than this, else 0; must not be changed."""
        if not 0 <= ignore < self.num_classes:
            return self.known
        return torch.ne(self.labels, ignore, out=torch.empty_like(self.labels)).mul_(self.known)

    def own(self, values: Float[Tensor, "_ _ _ _"]) -> Float[Tensor, "_ _ _"]:
        """Values of each pixel's own class, from values in the layout of the scores."""
        return values.view(-1).index_select(0, self.places).view(self.labels.shape)

    def add_own(self, values: Float[Tensor, "_ _ _ _"], more: Float[Tensor, "_ _ _"]) -> None:
        """Add to the values of each pixel's own class, in place."""
        values.view(-1).index_add_(0, self.places, more.flatten())

    def pull(
        self, weight: Float[Tensor, "_ _ _"], slopes: Float[Tensor, "_ _ _ _"] | None
    ) -> Float[Tensor, ""]:
        """The weighted sum of the pixels' own scores; its slope is subtracted from ``slopes``.

        Args:
            weight: Weight of each pixel; 0 for ignored ones.
            slopes: Changed in place, if given.
        """
        if self.scores.shape[self.layout.classes] > ONE_HOT:
            if slopes is not None:
                self.add_own(slopes, -weight)
            return torch.dot(self.own(self.scores).flatten(), weight.flatten())
        member = self._one_hot() * weight.unsqueeze(self.layout.classes)
        if slopes is not None:
            slopes.sub_(member)
        return torch.dot(member.flatten(), self.scores.flatten())

    def _one_hot(self) -> Float[Tensor, "_ _ _ _"]:
        """1 for each pixel's own class."""
        classes, dim = self.scores.shape[self.layout.classes], self.layout.classes
        numbers = torch.arange(classes, dtype=self.labels.dtype, device=self.labels.device)
        numbers = numbers.view([-1 if other == dim else 1 for other in range(4)])
        return torch.eq(self.labels.unsqueeze(dim), numbers, out=torch.empty_like(self.scores))

    def of(self, classes: Int[Tensor, "p"] | None) -> "Strip":
        """The scores of some classes, or of all."""
        if classes is None:
            return self
        scores = self.scores.index_select(self.layout.classes, classes)
        numbers = columns(classes, self.num_classes)
        return Strip(self.layout, scores, self.labels, self.num_classes, numbers)


def columns(classes: Int[Tensor, "p"], count: int) -> Int32[Tensor, "k"]:
    """Index of each of ``count`` classes among ``classes``; 0 for others."""
    column = torch.zeros(count, dtype=torch.int32, device=classes.device)
    column[classes] = torch.arange(len(classes), dtype=torch.int32, device=classes.device)
    return column


def looked_up(table: Shaped[Tensor, "k"], label: Int32[Tensor, "_ _ _"]) -> Shaped[Tensor, "_ _ _"]:
    """The entry of each pixel's class; several times as fast as indexing."""
    return table.index_select(0, label.flatten()).view(label.shape)
