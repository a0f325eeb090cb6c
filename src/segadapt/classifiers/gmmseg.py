"""GMMSeg: Gaussian mixtures as a generative pixel classifier (Liang et al., NeurIPS 2022)."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from segadapt.classifiers.base import StaticClassifier
from segadapt.classifiers.parts.arguments import check_clusters, check_sizes, check_tau
from segadapt.classifiers.parts.gaussian_mixtures import GaussianMixtures
from segadapt.functional.cosine import accurate, inverse_norm
from segadapt.functional.precision import SingleLayerNorm, full_precision
from segadapt.functional.prototypes import to_maps, to_rows
from segadapt.structures import Assignment, Branch, Prediction, require


class GMMSegClassifier(StaticClassifier):
    """Gives a pixel the class whose mixture makes it most likely.

    The mixtures are fitted to the pixels by expectation maximisation, without gradients. The
    features are trained by gradients to make the right class the most likely one (the posterior of
    equally likely classes).

    Args:
        in_channels: Width of the decoder features.
        num_classes: Number of classes.
        components: Number per class (5; the released ADE20K configuration: 8).
        embedding: Channels of the embedding in which densities are computed (64); None for those of
            the decoder, which the FLOPs of SSA Table 2 fit better.
        momentum: Weight of the old mean in each step (0.999).
        epsilon: Entropy weight of the Sinkhorn iteration, in nats. 1 is expectation maximisation
            with even shares; the release divides densities by their greatest absolute value and
            takes 0.05, which amounts to 1 to 3 nats.
        iterations: Number of Sinkhorn-Knopp iterations (3).
        memory: Pixels remembered for each component. The release's 32000 take 9.8 GB on ADE20K, on
            every rank and in every checkpoint.
        samples: Largest number of pixels that enter each memory in a step (release: 20).
        tau: Factor of the log likelihoods, or None for layer normalisation over the classes, as
            released. 1 is the posterior of the paper.
        dropout: Fraction of channels dropped, as in the fixed classifier.

    Note:
        Written from the paper's equations; not checked against released weights. Four things follow
        the release and are not in the paper: the embedding's layer normalisation, unit means, the
        lower bound of the variance, and that only correctly classified pixels count; so does the
        contrast of conf/loss/gmmseg. Unlike the release, the density of a class is that of its
        mixture (there: of its best component), the M-step follows every step (there: every fifth),
        a memory that is not full yet is not filled with random vectors, and images are not drawn by
        class.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        components: int = 5,
        embedding: int | None = 64,
        momentum: float = 0.999,
        epsilon: float = 1.0,
        iterations: int = 3,
        memory: int = 1000,
        samples: int = 20,
        tau: float | None = 1.0,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        check_sizes(in_channels, num_classes)
        check_clusters(components, momentum, epsilon, iterations)
        if tau is not None:
            check_tau(tau)
        width = in_channels if embedding is None else embedding
        self.tau = tau
        self.seen: list[tuple[Tensor, Tensor]] = []
        """Pixels and their components, from the parts of the batch since the last update."""
        self.dropout = nn.Dropout2d(dropout)
        self.embed = nn.Identity() if width == in_channels else _embedding(in_channels, width)
        self.normalize = SingleLayerNorm(width)
        self.balance = SingleLayerNorm(num_classes) if tau is None else nn.Identity()
        self.mixtures = GaussianMixtures(
            width,
            num_classes,
            components=components,
            momentum=momentum,
            epsilon=epsilon,
            iterations=iterations,
            memory=memory,
            samples=samples,
        )

    def forward(
        self,
        features: Float[Tensor, "b d h w"],
        target: Int[Tensor, "b h w"] | None = None,
    ) -> Prediction:
        embedded = self.embed(self.dropout(features))
        with full_precision(features.device):  # densities of 64 channels do not fit into 8 bits
            rows = self._unit_vectors(embedded)
            densities = self.mixtures.densities(rows.flatten(0, 1))
            likelihoods = self.mixtures.likelihoods(densities).unflatten(0, rows.shape[:2])
            scores = self.balance(likelihoods) if self.tau is None else self.tau * likelihoods
            student = Branch(to_maps(scores, *features.shape[-2:]))
            if target is None:
                return Prediction(student)
            components = self.mixtures.assigned(
                densities, target.flatten(), over_ranks=self.training
            )
            assignment = Assignment(rows.flatten(0, 1), densities.flatten(1), components)
            return Prediction(student, assignment=assignment)

    def log_densities(self, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b k h w"]:
        """Log likelihood of each pixel's unit vector under the mixture of each class."""
        embedded = self.embed(self.dropout(features))
        with full_precision(features.device):
            rows = self._unit_vectors(embedded)
            scores = self.mixtures.likelihoods(self.mixtures.densities(rows.flatten(0, 1)))
            return to_maps(scores.unflatten(0, rows.shape[:2]), *features.shape[-2:])

    def _unit_vectors(self, embedded: Float[Tensor, "b e h w"]) -> Float[Tensor, "b n e"]:
        rows = self.normalize(accurate(to_rows(embedded)))
        return rows * inverse_norm(rows)

    @torch.no_grad()
    def update(self, prediction: Prediction, last: bool = True) -> None:
        """Run the M-step on the pixels of all parts of a batch, which are kept until the last part.

        Note:
            The parts of an accumulated batch are assigned to components one by one, in their
            forward passes. The update of the whole batch differs only by that assignment.
        """
        pixels, _, target = require(prediction.assignment, "assignment")
        guess = prediction.student.logits.argmax(1).flatten()
        correct = guess == target // self.mixtures.components
        self.seen.append((pixels.detach(), target.where(correct, -1)))
        if last:
            rows, components = (torch.cat(parts) for parts in zip(*self.seen, strict=True))
            self.seen.clear()
            self.mixtures.fit(rows, components)


def _embedding(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, width, kernel_size=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    )
