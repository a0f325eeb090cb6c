"""ProtoSeg: segmentation with prototypes that are not learned (Zhou et al., CVPR 2022)."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from segadapt.classifiers.base import StaticClassifier
from segadapt.classifiers.parts.arguments import check_sizes
from segadapt.classifiers.parts.nearest_prototype import NearestPrototype
from segadapt.structures import Prediction


class ProtoSegClassifier(StaticClassifier):
    """Gives a pixel the class of its nearest prototype (Eqs. 3 and 4).

    The prototypes of a class are means of its pixels: Sinkhorn's iteration divides the pixels among
    them (Eqs. 6 to 9), and the prototypes are moving averages (Eq. 10). Three losses shape the
    features: cross-entropy, and for the assigned prototype a contrast and a distance (Eqs. 11 to
    13, :mod:`segadapt.losses.prototype_assignment`).

    Args:
        in_channels: Width of the decoder features.
        num_classes: Number of classes.
        prototypes: Number per class (K = 10).
        momentum: Weight of the old prototype in each step (mu = 0.999).
        epsilon: Entropy weight of the Sinkhorn iteration (kappa = 0.05).
        iterations: Number of Sinkhorn-Knopp iterations (3).
        tau: Factor of the cosines, or None for layer normalisation over the classes, as released. 1
            is Eq. 4 as printed, whose scores stay between -1 and 1.
        projection: Whether two 1x1 convolutions come first, as in the only released network. The
            FLOPs of SSA Table 2 do not include them.
        dropout: Fraction of channels dropped, as in the fixed classifier.

    Note:
        Written from the paper's equations; not checked against released weights. Where the paper is
        silent, this follows the release: the two layer normalisations, and that only correctly
        classified pixels move a prototype. It departs from the release in three places. The release
        draws the prototype of a pixel at random (Gumbel noise on probabilities, nearly uniform
        draws), where the paper takes the greatest share; it normalises the projection along the
        image's width; and it averages the prototypes of the ranks, whereas here the pixels of all
        ranks are clustered and averaged together.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        prototypes: int = 10,
        momentum: float = 0.999,
        epsilon: float = 0.05,
        iterations: int = 3,
        tau: float | None = None,
        projection: bool = False,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        check_sizes(in_channels, num_classes)
        self.dropout = nn.Dropout2d(dropout)
        self.projection = _projection(in_channels) if projection else nn.Identity()
        self.nearest = NearestPrototype(
            in_channels,
            num_classes,
            number=prototypes,
            momentum=momentum,
            epsilon=epsilon,
            iterations=iterations,
            tau=tau,
        )

    def forward(
        self,
        features: Float[Tensor, "b d h w"],
        target: Int[Tensor, "b h w"] | None = None,
    ) -> Prediction:
        return self.nearest(self.projection(self.dropout(features)), target)

    def update(self, prediction: Prediction, last: bool = True) -> None:
        self.nearest.update(prediction, last)


def _projection(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels, kernel_size=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(channels, channels, kernel_size=1),
    )
