"""Cross-entropy against the labels, in both of the releases' averages."""

from collections.abc import Sequence
from typing import Final

import torch
import torch.nn.functional as F
from jaxtyping import Float, Integer
from torch import Tensor

from segadapt.functional.prototypes import sum_over_group
from segadapt.losses.parts.fused import FusedLoss
from segadapt.losses.parts.images_loss import ImagesLoss, Plan
from segadapt.losses.parts.label_counts import check_ignore, ignore_or_default, labels_per_image
from segadapt.losses.parts.layout import Strip, looked_up
from segadapt.losses.parts.tables import Tables
from segadapt.text.choices import check_choice

MEANS = ("all", "valid")

LINEAR: Final = 40.0
"""Threshold above which softplus(x) equals x to the last bit, also in double precision."""


class CrossEntropy(FusedLoss):
    """L_ce of CAC Eq. 8, and the cross-entropy of L_c and L_g in SSA Eq. 3.

    Args:
        mean: ``all`` for the mean over all pixels, including ignored ones (the main loss of the
            releases and mmsegmentation's default), or ``valid`` for the mean over the labelled
            pixels of each oracle group, then over the groups (the releases' coarse and teacher
            losses, and torch's default).
        ignore: The ignored label; None for the default of the number of classes, which is 255 for
            up to 254 classes (:func:`segadapt.structures.ignored_label`).
        weight: One factor for each class, or None for 1. ``valid`` divides by their sum over the
            pixels, as torch does.

    Examples:
        ``valid`` is torch's default; ``all`` counts ignored pixels in the mean:

        >>> import torch
        >>> from segadapt.losses.cross_entropy import CrossEntropy
        >>> logits, mask = torch.zeros(1, 2, 2, 2), torch.tensor([[[0, 1], [1, 255]]])
        >>> CrossEntropy(mean="valid")(logits, mask)  # log 2
        tensor(0.6931)
        >>> CrossEntropy(mean="all")(logits, mask)  # 3/4 log 2
        tensor(0.5199)

    Note:
        Without any labelled pixel the loss is 0; the releases and torch give NaN with ``valid``.
    """

    weight: Tensor | None
    relative = True

    def __init__(
        self, mean: str = "valid", ignore: int | None = None, weight: Sequence[float] | None = None
    ) -> None:
        super().__init__()
        check_choice("mean of the cross-entropy", mean, MEANS)
        check_ignore(ignore)
        self.mean, self.ignore = mean, ignore
        factors = None if weight is None else torch.tensor(list(weight), dtype=torch.float32)
        self.register_buffer("weight", factors, persistent=False)  # it comes from the config

    def plan(self, mask: Integer[Tensor, "b H W"], num_classes: int, group: int | None) -> Plan:
        weight = self._weight(num_classes)
        scale = self._scale(mask, num_classes, group, weight)
        ignore = ignore_or_default(self.ignore, num_classes)
        return lambda some: _CrossEntropyOfImages(scale[some], weight, ignore)

    def tables(self, mask: Integer[Tensor, "b H W"], num_classes: int, group: int | None) -> Tables:
        weight = self._weight(num_classes)
        scale = self._scale(mask, num_classes, group, weight)
        counted = torch.arange(num_classes, device=mask.device) != ignore_or_default(
            self.ignore, num_classes
        )
        factors = counted.double() if weight is None else weight * counted
        return Tables(weights=scale[:, None] * factors)

    def _scale(
        self,
        mask: Integer[Tensor, "b H W"],
        num_classes: int,
        group: int | None,
        weight: Float[Tensor, "k"] | None,
    ) -> Float[Tensor, "b"]:
        """The factor of the pixels of each image."""
        counts = labels_per_image(mask, num_classes, self.ignore)
        if self.mean == "all":
            share = 1 / max(mask.numel(), 1)
            return torch.full((len(mask),), share, dtype=torch.float64, device=mask.device)
        mass = counts.sum(1).double() if weight is None else (counts * weight).sum(1)
        return _group_scale(mass, group)

    def _weight(self, num_classes: int) -> Float[Tensor, "k"] | None:
        """The factor of each class."""
        if self.weight is None:
            return None
        if len(self.weight) != num_classes:
            raise ValueError(
                f"the cross-entropy has {len(self.weight)} class weights for {num_classes} "
                "classes; give one for each"
            )
        return self.weight.double()


def _group_scale(mass: Float[Tensor, "b"], group: int | None) -> Float[Tensor, "b"]:
    """1 / (pixels of the image's group * number of groups)."""
    size = len(mass) if group is None else min(group, len(mass))
    groups = -(-len(mass) // size)
    return 1 / (sum_over_group(mass, group).clamp_min(1e-12) * groups)


class _CrossEntropyOfImages(ImagesLoss):
    """scale * sum_i weight_i * -log softmax(z_i)[y_i].

    Args:
        scale: A factor for each image.
        weight: A factor for each class, or None for 1.
        ignore: The ignored label.
    """

    def __init__(
        self, scale: Float[Tensor, "m"], weight: Float[Tensor, "k"] | None, ignore: int
    ) -> None:
        self.scale, self.weight, self.ignore = scale, weight, ignore

    def slopes(
        self,
        strip: Strip,
        sums: Float[Tensor, "m s"],
        out: Float[Tensor, "_ _ _ _"],
        with_gradient: bool,
    ) -> Float[Tensor, ""]:
        scores, classes = strip.scores, strip.layout.classes
        weight = strip.labelled(self.ignore) * strip.layout.of_images(self.scale).to(scores.dtype)
        if self.weight is not None:
            weight = weight * looked_up(self.weight.to(scores.dtype), strip.label)
        if strip.difference:
            return _of_difference(strip, weight, out, with_gradient)
        shares = torch.softmax(scores, classes, out=out)
        # log sum exp z = max z - log max softmax(z), in one exponential for value and gradient.
        normaliser = scores.amax(classes) - shares.amax(classes).log()
        value = torch.dot(normaliser.flatten(), weight.flatten())
        if with_gradient:
            shares.mul_(weight.unsqueeze(classes))
        return value - strip.pull(weight, shares if with_gradient else None)


def _of_difference(
    strip: Strip, weight: Float[Tensor, "_ _ _"], out: Float[Tensor, "_ _ _ _"], with_gradient: bool
) -> Float[Tensor, ""]:
    """The loss of two classes: -log softmax(z)[y] is softplus(other score - own score)."""
    classes = strip.layout.classes
    sign = torch.rsub(strip.labels, 1, alpha=2)  # 1 and -1; any value if the weight is 0
    lead = strip.scores.squeeze(classes) * sign
    value = torch.dot(F.softplus(lead, threshold=LINEAR).flatten(), weight.flatten())
    if with_gradient:
        slopes = torch.sigmoid(lead, out=out.squeeze(classes))
        slopes.mul_(weight.mul_(sign))
    return value
