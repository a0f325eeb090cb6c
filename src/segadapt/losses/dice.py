"""The Dice loss of SSA."""

import torch
from jaxtyping import Float, Int, Integer
from torch import Tensor

from segadapt.functional.distributed import sum_over_ranks, world_size
from segadapt.losses.parts.fused import FusedLoss
from segadapt.losses.parts.images_loss import ImagesLoss, Plan
from segadapt.losses.parts.label_counts import check_ignore, ignore_or_default, labels_per_image
from segadapt.losses.parts.layout import Strip
from segadapt.losses.parts.tables import SigmoidPart, SigmoidSums, Tables


class Dice(FusedLoss):
    """Mean of 1 - (2 sum qt + s) / (sum q + sum t + s) over images and the classes present in them.

    q is the sigmoid of the scores and t the binary mask of the class; the sums run over all pixels
    of the image, with ignored pixels as negatives. The average runs over the images and classes of
    all ranks. With gradient accumulation, each part of a batch has a mean of its own.

    Args:
        squared: Whether the denominator has the sum of q squared (V-Net, cited by the SSA paper)
            rather than of q (the release).
        smoothing: s, in pixels (release: 1; V-Net: 0).
        ignore: The ignored label; None for :func:`segadapt.structures.ignored_label`.

    Examples:
        Certain and correct scores have loss 0; certain and wrong ones have loss 1:

        >>> import torch
        >>> from segadapt.losses.dice import Dice
        >>> mask = torch.tensor([[[0, 1], [1, 1]]])
        >>> right = 100.0 * torch.stack([1.0 - 2 * mask, 2.0 * mask - 1], 1)
        >>> Dice(smoothing=0.0)(right, mask), Dice(smoothing=0.0)(-right, mask)
        (tensor(0.), tensor(1.))
    """

    def __init__(
        self, squared: bool = False, smoothing: float = 1.0, ignore: int | None = None
    ) -> None:
        super().__init__()
        if not smoothing >= 0:
            raise ValueError(f"smoothing of the Dice loss is {smoothing}; it must be >= 0 pixels")
        check_ignore(ignore)
        self.squared, self.smoothing, self.ignore = squared, smoothing, ignore

    def plan(self, mask: Integer[Tensor, "b H W"], num_classes: int, group: int | None) -> Plan:
        counts, scale = self._counts(mask, num_classes)
        # On a CPU there is nothing to wait for, so its losses may depend on the classes present.
        only_present = mask.device.type == "cpu"
        ignore = ignore_or_default(self.ignore, num_classes)
        return lambda some: _DiceOfImages(self, ignore, counts[some], scale, only_present)

    def tables(self, mask: Integer[Tensor, "b H W"], num_classes: int, group: int | None) -> Tables:
        counts, scale = self._counts(mask, num_classes)
        ignore = ignore_or_default(self.ignore, num_classes)
        of_all = _DiceOfImages(self, ignore, counts, scale, only_present=False)
        return Tables(of_sums=of_all.of_sums)

    def _counts(
        self, mask: Integer[Tensor, "b H W"], num_classes: int
    ) -> tuple[Int[Tensor, "b k"], Float[Tensor, ""]]:
        """Pixels of each class, and the factor of the sum over images and classes."""
        counts = labels_per_image(mask, num_classes, self.ignore)
        pairs = sum_over_ranks((counts > 0).sum()).double() / world_size()
        return counts, 1 / pairs.clamp_min(1)


class _DiceOfImages(ImagesLoss):
    """The Dice loss of a few images; p stands for the summed classes.

    The derivative by q is a - b t (or 2 a q - b t) with a = (2 sum qt + s) / S^2, b = 2 / S and the
    denominator S: equal for all pixels of an image, and known after all pixels have been summed.

    Args:
        loss: Settings of the loss.
        ignore: The ignored label.
        counts: Pixels of each class in each image.
        scale: Factor of the sum over images and classes.
        only_present: Whether classes that no image contains are omitted from the computation.
    """

    looks = True

    def __init__(
        self,
        loss: Dice,
        ignore: int,
        counts: Int[Tensor, "m k"],
        scale: Float[Tensor, ""],
        only_present: bool,
    ) -> None:
        self.loss, self.ignore, self.scale = loss, ignore, scale
        present = _present(counts.sum(0)) if only_present else None
        everyone = present is None or len(present) == counts.shape[1]
        self.classes = None if everyone else present
        self.counts = counts if self.classes is None else counts[:, self.classes]

    def look(self, strip: Strip, room: Float[Tensor, "_ _ _ _"]) -> Float[Tensor, "m s"]:
        q = torch.sigmoid(strip.scores, out=room)
        overlap = q.new_zeros(self.counts.numel())  # flat: a GPU then adds in a fixed order
        overlap.index_add_(0, strip.pairs, (strip.own(q) * strip.labelled(self.ignore)).flatten())
        mass = strip.layout.sums(q.square() if self.loss.squared else q)
        return torch.cat([mass, overlap.view_as(mass)], 1)

    def value(self, sums: Float[Tensor, "m s"]) -> Float[Tensor, ""]:
        ratio, _, weight = self._ratio(sums)
        return ((1 - ratio) * weight).sum()

    def slopes(
        self,
        strip: Strip,
        sums: Float[Tensor, "m s"],
        out: Float[Tensor, "_ _ _ _"],
        with_gradient: bool,
    ) -> Float[Tensor, ""]:
        if not with_gradient:
            return sums.new_zeros(())
        ratio, denominator, weight = self._ratio(sums)
        factor = weight / denominator
        q = torch.sigmoid(strip.scores, out=out)
        own = strip.own(q)
        inside = factor.flatten().index_select(0, strip.pairs).view_as(own) * strip.labelled(
            self.ignore
        )
        inside = inside * (own * (1 - own)) * -2
        _slopes_of_sigmoid(q, self.loss.squared)
        q.mul_(strip.layout.of_classes(factor * ratio * (2 if self.loss.squared else 1)))
        strip.add_own(q, inside)
        return sums.new_zeros(())

    def of_sums(self, sums: SigmoidSums) -> SigmoidPart:
        """The part of the loss that depends on the sums over all pixels, for a kernel."""
        mass = sums.squares if self.loss.squared else sums.plain
        both = torch.cat([mass, sums.overlap], 1)
        ratio, denominator, weight = self._ratio(both)
        slope = weight * ratio / denominator
        nothing = torch.zeros_like(slope)
        by_q = (nothing, 2 * slope) if self.loss.squared else (slope, nothing)
        slopes = torch.stack([*by_q, 2 * weight / denominator], 1)
        return SigmoidPart(self.value(both), slopes)

    def _ratio(
        self, sums: Float[Tensor, "m s"]
    ) -> tuple[Float[Tensor, "m p"], Float[Tensor, "m p"], Float[Tensor, "m p"]]:
        """(2 sum qt + s) / S, S, and the weight of each class."""
        mass, overlap = sums.unflatten(1, (2, -1)).unbind(1)
        denominator = (mass + self.counts + self.loss.smoothing).clamp_min(1e-12)
        ratio = (2 * overlap + self.loss.smoothing) / denominator
        return ratio, denominator, (self.counts > 0) * self.scale.to(sums.dtype)


def _slopes_of_sigmoid(q: Float[Tensor, "_ _ _ _"], squared: bool) -> None:
    """Replace q by the derivative q (1 - q), times q if squared."""
    if squared:
        q.mul_((1 - q).mul_(q))
    else:
        torch.addcmul(q, q, q, value=-1, out=q)


def _present(count: Int[Tensor, "k"]) -> Int[Tensor, "p"]:
    """The classes with pixels; if there are none, the first class, whose weight is then 0."""
    present = count.nonzero()[:, 0]
    return present if len(present) else torch.zeros_like(count[:1])
