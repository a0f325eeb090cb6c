"""Classes as sets of prototypes without gradients, as ProtoSeg and DNC have them.

Shape letters of this file: p prototypes of a class, m = k p of all classes.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from segadapt.classifiers.parts.arguments import check_clusters, check_tau
from segadapt.functional.cosine import EPSILON, accurate, cosine_scores, inverse_norm
from segadapt.functional.distributed import sum_over_ranks
from segadapt.functional.precision import Conversion, at_least_single, full_precision
from segadapt.functional.prototypes import to_maps, to_rows
from segadapt.functional.sinkhorn import partition
from segadapt.structures import Assignment, Branch, Prediction, require


class NearestPrototype(nn.Module):
    """Scores a class by the cosine of its prototype that is nearest to the pixel.

    Args:
        channels: Width d of the embedding.
        num_classes: Number of classes.
        number: Prototypes per class.
        momentum: Weight of the old prototype in each step.
        epsilon: Entropy weight of the Sinkhorn iteration, in units of the cosine.
        iterations: Number of Sinkhorn-Knopp iterations.
        tau: Factor of the class scores, or None for layer normalisation over the classes.

    Raises:
        ValueError: If a setting is out of range.
    """

    prototypes: Tensor

    def __init__(
        self,
        channels: int,
        num_classes: int,
        *,
        number: int,
        momentum: float,
        epsilon: float,
        iterations: int,
        tau: float | None,
    ) -> None:
        super().__init__()
        check_clusters(number, momentum, epsilon, iterations)
        if tau is not None:
            check_tau(tau)
        elif num_classes < 3:
            raise ValueError(
                f"classifier.tau is null, but with {num_classes} classes the normalised scores "
                "keep almost no information; set the factor of the cosines, for instance 15"
            )
        self.number, self.momentum, self.tau = number, momentum, tau
        self.epsilon, self.iterations = epsilon, iterations
        self.normalize = nn.LayerNorm(channels)
        self.balance = nn.LayerNorm(num_classes) if tau is None else nn.Identity()
        prototypes = F.normalize(torch.randn(num_classes * number, channels))
        self.register_buffer("prototypes", prototypes)
        self.seen: Tensor | None = None
        """Sums of unit vectors, and counts, over the parts of the batch since the last update."""

    def _apply(self, fn: Conversion, recurse: bool = True) -> nn.Module:
        return super()._apply(at_least_single(fn), recurse)

    def forward(
        self, features: Float[Tensor, "b d h w"], target: Int[Tensor, "b h w"] | None
    ) -> Prediction:
        """The class scores and, if labels are passed, the prototype of each pixel.

        In training, the pixels of all ranks are clustered together, like the statistics of
        synchronised batch norm; in evaluation, each rank clusters its own.
        """
        with full_precision(features.device):  # cosines are compared and divided by epsilon
            rows = self.normalize(accurate(to_rows(features)))
            cosines = cosine_scores(rows, 1.0)(self.prototypes.expand(rows.shape[0], -1, -1))
            nearest = cosines.unflatten(2, (-1, self.number)).amax(3)
            scores = self.balance(nearest) if self.tau is None else self.tau * nearest
            student = Branch(to_maps(scores, *features.shape[-2:]))
            if target is None:
                return Prediction(student)
            pixels, cosines = rows.flatten(0, 1), cosines.flatten(0, 1)
            return Prediction(
                student,
                assignment=Assignment(pixels, cosines, self._assign(cosines, target.flatten())),
            )

    def _assign(self, cosines: Float[Tensor, "n m"], label: Int[Tensor, "n"]) -> Int[Tensor, "n"]:
        by_class = cosines.detach().unflatten(1, (-1, self.number))
        classes = by_class.shape[1]
        own = label.clamp_max(classes - 1)[:, None, None].expand(-1, 1, self.number)
        return partition(
            by_class.gather(1, own)[:, 0],
            label,
            classes,
            epsilon=self.epsilon,
            iterations=self.iterations,
            over_ranks=self.training,
        )

    @torch.no_grad()
    def update(self, prediction: Prediction, last: bool = True) -> None:
        """Move each prototype toward the mean of its pixels over all ranks and parts.

        Only correctly classified pixels count. A prototype without any does not move.

        Note:
            The parts of an accumulated batch are clustered one by one, in their forward passes, and
            averaged together. The update of the whole batch differs only by that clustering.
        """
        pixels, _, target = require(prediction.assignment, "assignment")
        guess = prediction.student.logits.argmax(1).flatten()
        number = len(self.prototypes)
        slot = target.where(guess == target // self.number, number)  # one row for the others
        ones = pixels.new_ones(len(pixels), 1)
        units = torch.cat([accurate(pixels) * inverse_norm(pixels), ones], dim=1)
        sums = units.new_zeros(number + 1, units.shape[1]).index_add_(0, slot, units)
        self.seen = sums[:-1] if self.seen is None else self.seen + sums[:-1]
        if not last:
            return
        sums, count = sum_over_ranks(self.seen).tensor_split([-1], dim=1)
        self.seen = None
        moved = torch.lerp(F.normalize(sums, eps=EPSILON), self.prototypes, self.momentum)
        self.prototypes.copy_(F.normalize(moved).where(count > 0, self.prototypes))
