"""The Dice loss of SSA."""

import torch
from jaxtyping import Float, Int, Integer
from torch import Tensor

from segadapt.functional.distributed import sum_over_ranks, world_size
from segadapt.losses.fused import FusedLoss, ImagesLoss, Plan
from segadapt.losses.labels import class_counts
from segadapt.structures import IGNORE


class Dice(FusedLoss):
    """1 - (2 sum qt + s) / (sum q + sum t + s), of every image and class present in it, averaged.

    With q the sigmoid of the scores and t the binary mask of the class, over all pixels of the
    image: ignored pixels are negatives. The average runs over the images and classes of all ranks.

    Args:
        squared: Whether the denominator holds the sum of q squared (V-Net, which the SSA paper
            cites) rather than of q (the release).
        smoothing: s, in pixels (release: 1; V-Net: 0).
        ignore: The label of no class.
    """

    def __init__(self, squared: bool = False, smoothing: float = 1.0, ignore: int = IGNORE) -> None:
        super().__init__()
        if not smoothing >= 0:
            raise ValueError(f"smoothing of the Dice loss is a number of pixels, not {smoothing}")
        self.squared, self.smoothing, self.ignore = squared, smoothing, ignore

    def plan(self, mask: Integer[Tensor, "b H W"], num_classes: int, group: int | None) -> Plan:
        counts = class_counts(mask, num_classes, self.ignore)
        pairs = sum_over_ranks((counts > 0).sum()).double() / world_size()
        scale = 1 / pairs.clamp_min(1)
        # Nothing waits on a CPU, so that its losses may depend on which classes are there.
        only_present = mask.device.type == "cpu"
        return lambda some: _DiceOfImages(self, counts[some], scale, only_present)


class _DiceOfImages(ImagesLoss):
    """The Dice loss of a few images; its own letter: p classes that are summed.

    The derivative by q is a - b t (or 2 a q - b t) with a = (2 sum qt + s) / S^2 and b = 2 / S,
    S being the denominator. a and b are the same for all pixels of an image, so that the slopes are
    those of the sigmoid, q (1 - q), once of all pixels (times q if squared) and once of those of
    the class.

    Args:
        loss: Its settings.
        counts: Pixels of each class in each image.
        scale: Factor of the sum over images and classes.
        only_present: Whether classes of none of the images are left out of the computation.
    """

    def __init__(
        self, loss: Dice, counts: Int[Tensor, "m k"], scale: Float[Tensor, ""], only_present: bool
    ) -> None:
        self.loss, self.scale = loss, scale
        present = _present(counts.sum(0)) if only_present else None
        everyone = present is None or len(present) == counts.shape[1]
        self.chosen = None if everyone else present
        self.counts = counts if self.chosen is None else counts[:, self.chosen]
        classes = self.counts.shape[1]
        self.slopes = 2 * classes
        numbers = torch.arange(classes, device=counts.device)
        self.column = numbers if self.chosen is None else torch.zeros_like(counts[0])
        if self.chosen is not None:
            self.column[self.chosen] = numbers

    def sums(
        self,
        scores: Float[Tensor, "m n k"],
        labels: Int[Tensor, "m n"],
        slopes: Float[Tensor, "m n c"] | None,
    ) -> Float[Tensor, "m s"]:
        valid = labels != self.loss.ignore
        column = self.column[labels.where(valid, 0)]
        everywhere, inside = (None, None) if slopes is None else slopes.tensor_split(2, 2)
        chosen = scores if self.chosen is None else scores.index_select(2, self.chosen)
        q = torch.sigmoid(chosen, out=everywhere)
        own = q.gather(2, column[..., None])[..., 0] * valid
        mass = q.square().sum(1) if self.loss.squared else q.sum(1)
        if everywhere is not None and inside is not None:
            _slopes_of_sigmoid(everywhere, self.loss.squared)
            inside.zero_().scatter_(2, column[..., None], (own * (1 - own))[..., None])
        return torch.cat([mass, self._by_class(own, column)], 1)

    def _by_class(
        self, values: Float[Tensor, "m n"], column: Int[Tensor, "m n"]
    ) -> Float[Tensor, "m p"]:
        images, classes = self.counts.shape
        place = column + classes * torch.arange(images, device=column.device)[:, None]
        sums = values.new_zeros(images * classes)  # flat: a GPU adds in one order only that way
        return sums.index_add_(0, place.flatten(), values.flatten()).view(images, classes)

    def value(self, sums: Float[Tensor, "m s"]) -> Float[Tensor, ""]:
        ratio, _, weight = self._ratio(sums)
        return ((1 - ratio) * weight).sum()

    def add_gradient(
        self,
        gradient: Float[Tensor, "m k h w"],
        sums: Float[Tensor, "m s"],
        slopes: Float[Tensor, "m c h w"],
    ) -> None:
        ratio, denominator, weight = self._ratio(sums)
        everywhere, inside = slopes.unflatten(1, (2, -1)).unbind(1)
        factor = weight / denominator
        power = 2 if self.loss.squared else 1
        change = (factor * ratio * power)[..., None, None] * everywhere
        change.addcmul_(factor[..., None, None], inside, value=-2)
        if self.chosen is None:
            gradient.add_(change)
        else:
            gradient.index_add_(1, self.chosen, change)

    def _ratio(
        self, sums: Float[Tensor, "m s"]
    ) -> tuple[Float[Tensor, "m p"], Float[Tensor, "m p"], Float[Tensor, "m p"]]:
        """(2 sum qt + s) / S, S, and the weight of each class."""
        mass, overlap = sums.unflatten(1, (2, -1)).unbind(1)
        denominator = (mass + self.counts + self.loss.smoothing).clamp_min(1e-12)
        ratio = (2 * overlap + self.loss.smoothing) / denominator
        return ratio, denominator, (self.counts > 0) * self.scale.to(sums.dtype)


def _slopes_of_sigmoid(q: Float[Tensor, "m n p"], squared: bool) -> None:
    """The derivative q (1 - q), times q if squared, in the place of q."""
    if squared:
        q.mul_((1 - q).mul_(q))
    else:
        torch.addcmul(q, q, q, value=-1, out=q)


def _present(count: Int[Tensor, "k"]) -> Int[Tensor, "p"]:
    """The classes with pixels; the first one, which then weighs nothing, if there is none."""
    present = count.nonzero()[:, 0]
    return present if len(present) else torch.zeros_like(count[:1])
