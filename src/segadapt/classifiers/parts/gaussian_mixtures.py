"""Gaussian mixtures of every class, fitted online by expectation maximisation with Sinkhorn.

Shape letters of this file: p components of a class, m = k p of all classes, q remembered pixels.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from segadapt.functional.cosine import EPSILON
from segadapt.functional.picking import enqueue, pick_evenly
from segadapt.functional.precision import Conversion, at_least_single
from segadapt.functional.sinkhorn import partition

FLOOR = 0.01
"""Constant added to every variance, as released: no standard deviation is below 0.1."""


class GaussianMixtures(nn.Module):
    """A mixture of equally likely Gaussians with diagonal covariance for each class.

    Means are unit vectors, as pixels are. Each component has a ring buffer of recent pixels.

    Args:
        channels: Width d of the embedding.
        num_classes: Number of classes.
        components: Number per class.
        momentum: Weight of the old mean in each step.
        epsilon: Entropy weight of the Sinkhorn iteration, in nats.
        iterations: Number of Sinkhorn-Knopp iterations.
        memory: Pixels remembered for each component.
        samples: Largest number of pixels that enter each memory in a step.

    Raises:
        ValueError: If the memory cannot hold the pixels of a step.
    """

    mean: Tensor
    variance: Tensor
    pixels: Tensor
    written: Tensor

    def __init__(
        self,
        channels: int,
        num_classes: int,
        *,
        components: int,
        momentum: float,
        epsilon: float,
        iterations: int,
        memory: int,
        samples: int,
    ) -> None:
        super().__init__()
        if not 1 <= samples <= memory:
            raise ValueError(
                f"classifier.samples is {samples} and classifier.memory {memory}; a memory holds "
                "at least the samples of one step, and one sample"
            )
        self.components, self.momentum, self.samples = components, momentum, samples
        self.epsilon, self.iterations = epsilon, iterations
        number = num_classes * components
        self.register_buffer("mean", F.normalize(torch.randn(number, channels)))
        # The variance of unit vectors around a random one: no jump when the first pixels arrive.
        self.register_buffer("variance", torch.full((number, channels), 2 / channels + FLOOR))
        self.register_buffer("pixels", torch.zeros(number, memory, channels))
        self.register_buffer("written", torch.zeros(number, dtype=torch.long))

    def _apply(self, fn: Conversion, recurse: bool = True) -> nn.Module:
        return super()._apply(at_least_single(fn), recurse)

    def densities(self, rows: Float[Tensor, "n d"]) -> Float[Tensor, "n k p"]:
        """Log density of each pixel under each component, as one matrix product."""
        precision = 1 / self.variance
        weight = torch.cat([-precision / 2, self.mean * precision], dim=1)
        squares = (self.mean.square() * precision).sum(1)
        volume = self.variance.log().sum(1) + rows.shape[1] * math.log(2 * math.pi)
        densities = torch.addmm(
            -(squares + volume) / 2, torch.cat([rows.square(), rows], dim=1), weight.mT
        )
        return densities.unflatten(1, (-1, self.components))

    @staticmethod
    def likelihoods(densities: Float[Tensor, "n k p"]) -> Float[Tensor, "n k"]:
        """Log density of each pixel under each class, whose components are equally likely."""
        return densities.logsumexp(2) - math.log(densities.shape[2])

    def assigned(
        self, densities: Float[Tensor, "n k p"], label: Int[Tensor, "n"], over_ranks: bool
    ) -> Int[Tensor, "n"]:
        """E-step: the component of each pixel; components share the pixels of a class evenly."""
        classes = densities.shape[1]
        own = label.clamp_max(classes - 1)[:, None, None].expand(-1, 1, self.components)
        scores = densities.detach().gather(1, own)[:, 0]
        return partition(
            scores - scores.amax(1, keepdim=True),  # starting from the usual responsibilities
            label,
            classes,
            epsilon=self.epsilon,
            iterations=self.iterations,
            over_ranks=over_ranks,
        )

    @torch.no_grad()
    def fit(self, rows: Float[Tensor, "n d"], component: Int[Tensor, "n"]) -> None:
        """Remember pixels of all ranks, then run the M-step of all components that remember any.

        Args:
            rows: Unit vectors of the pixels.
            component: Component of each pixel; -1 for none.
        """
        picked = pick_evenly(rows, component, len(self.mean), self.samples)
        self.pixels.copy_(enqueue(self.pixels, self.written, picked))
        self.written += picked.number
        count = self.written.clamp_max(self.pixels.shape[1])[:, None]
        mass = count.clamp_min(1)  # entries not written yet are zero and add nothing
        first = self.pixels.sum(1) / mass
        center = F.normalize(first, eps=EPSILON)
        second = self.pixels.square().sum(1) / mass - 2 * center * first + center.square()
        mean = F.normalize(torch.lerp(center, self.mean, self.momentum))
        self.mean.copy_(mean.where(count > 0, self.mean))
        self.variance.copy_((second.clamp_min(0) + FLOOR).where(count > 0, self.variance))
