"""A feature generator and a classifier, the two halves of every network here."""

from collections.abc import Callable

from jaxtyping import Float, Int
from torch import Tensor, nn

from segadapt.classifiers.base import Classifier
from segadapt.functional.resize import shrink
from segadapt.models.interfaces import FeatureGenerator
from segadapt.structures import Branch, Prediction


class Segmentor(nn.Module):
    """C(G(image)), with either half free to change.

    Args:
        generator: Image to pixel features.
        classifier: Builds the classifier from the feature width and the class count.
        num_classes: Number of classes.
    """

    def __init__(
        self,
        generator: FeatureGenerator,
        classifier: Callable[[int, int], Classifier],
        num_classes: int,
    ) -> None:
        super().__init__()
        self.generator = generator
        self.classifier = classifier(generator.channels, num_classes)

    def forward(
        self,
        image: Float[Tensor, "b 3 H W"],
        mask: Int[Tensor, "b H W"] | None = None,
    ) -> Prediction:
        """Score every cell of the feature grid; given the labels, for the teacher too."""
        features = self.generator(image)
        target = None if mask is None else shrink(mask, features.pixels.shape[-2:])
        prediction = self.classifier(features.pixels, target)
        if features.auxiliary is None:
            return prediction
        return prediction._replace(auxiliary=Branch(features.auxiliary))
