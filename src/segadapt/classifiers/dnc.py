"""Deep nearest centroids (Wang et al., ICLR 2023), for pixels."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from segadapt.classifiers.base import StaticClassifier
from segadapt.classifiers.parts.arguments import check_sizes
from segadapt.classifiers.parts.nearest_prototype import NearestPrototype
from segadapt.structures import Prediction


class DNCClassifier(StaticClassifier):
    """Gives a pixel the class of the sub-centroid with the smallest cosine distance.

    Cross-entropy on those distances trains the features; the sub-centroids are moving averages of
    the pixels that Sinkhorn's clustering assigns to them. They are not learned by gradients. Except
    for the scale and shift of two layer normalisations, they are all that the classifier knows of
    the classes.

    Args:
        in_channels: Width of the decoder features.
        num_classes: Number of classes.
        sub_centroids: Number per class. The FLOPs of SSA Table 2 imply 10 (paper, for images: 4).
        momentum: Weight of the old sub-centroid in each step (paper: 0.999).
        epsilon: Entropy weight of the Sinkhorn iteration (0.05).
        iterations: Number of Sinkhorn-Knopp iterations (3).
        tau: Factor of the cosines, or None for layer normalisation over the classes, as in the
            authors' code for images. 1 is the softmax of distances that the paper prints.
        dropout: Fraction of channels dropped, as in the fixed classifier.

    Note:
        A reconstruction. The authors published code for image classification only, and no weights
        for segmentation with which this could be compared. Here every batch is clustered and there
        is no external memory, since a batch has thousands of pixels of a class; the assignment is
        the Sinkhorn iteration of the paper, not the solver of that code; sub-centroids are not
        replaced by training samples; and no backbone is pretrained with this classifier, which is
        part of the paper's gain.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        sub_centroids: int = 10,
        momentum: float = 0.999,
        epsilon: float = 0.05,
        iterations: int = 3,
        tau: float | None = None,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        check_sizes(in_channels, num_classes)
        self.dropout = nn.Dropout2d(dropout)
        self.nearest = NearestPrototype(
            in_channels,
            num_classes,
            number=sub_centroids,
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
        return self.nearest(self.dropout(features), target)

    def update(self, prediction: Prediction, last: bool = True) -> None:
        self.nearest.update(prediction, last)
