"""The segmentation network: a feature generator and a classifier."""

import copy
from collections.abc import Callable, Sequence

from jaxtyping import Int, Integer, Num
from torch import Tensor, nn

from segadapt.classifiers.base import Classifier, remove_teachers
from segadapt.functional.resize import shrink
from segadapt.models.interfaces import FeatureGenerator, Features
from segadapt.structures import Branch, Prediction


class Segmentor(nn.Module):
    """A segmentation network C(G(image)) with exchangeable halves.

    Args:
        generator: Image to pixel features.
        classifier: Builds the classifier from the feature width and the class count.
        num_classes: Number of classes.

    Examples:
        >>> import torch
        >>> from segadapt import Segmentor
        >>> from segadapt.classifiers.cac import CACClassifier
        >>> from segadapt.models.decoders.fpn import FPNDecoder
        >>> from segadapt.models.encoder_decoder import EncoderDecoder
        >>> from segadapt.models.encoders.tiny import TinyEncoder
        >>> generator = EncoderDecoder(TinyEncoder(), FPNDecoder)
        >>> model = Segmentor(generator, CACClassifier, num_classes=11)
        >>> image, mask = torch.rand(2, 3, 64, 64), torch.randint(11, (2, 64, 64))
        >>> model(image).student.logits.shape  # stride 4
        torch.Size([2, 11, 16, 16])
        >>> model(image).teacher is None, model(image, mask).teacher is None
        (True, False)
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
        image: Num[Tensor, "b c H W"],
        mask: Integer[Tensor, "b _ _"] | None = None,
    ) -> Prediction:
        """Score every cell of the feature grid.

        Args:
            image: Images in the form that the generator takes: normalised, unless it normalises
                them.
            mask: Their labels, of any size (the original one in validation). If given, the
                auxiliary head and the classifier's teacher also score, if they exist.
        """
        return joined(self.generator, self.classifier, image, mask, self.classifier.cell_label)

    def targets(self, mask: Integer[Tensor, "b _ _"], grid: Sequence[int]) -> Int[Tensor, "b h w"]:
        """Labels as the classifier sees them: one for each cell of the feature grid.

        Args:
            mask: Labels, of any size.
            grid: Rows and columns of the feature grid.
        """
        return shrink(mask, grid, self.classifier.cell_label)


def joined(
    generator: Callable[..., Features],
    classifier: Callable[..., Prediction],
    image: Num[Tensor, "b c H W"],
    mask: Integer[Tensor, "b _ _"] | None,
    cell_label: str,
) -> Prediction:
    """The prediction of two halves, which may be a segmentor's own or compiled ones."""
    features = generator(image, auxiliary=mask is not None)
    target = None if mask is None else shrink(mask, features.pixels.shape[-2:], cell_label)
    prediction = classifier(features.pixels, target)
    if features.auxiliary is None:
        return prediction
    return prediction._replace(auxiliary=Branch(features.auxiliary))


def without_teacher(model: Segmentor) -> Segmentor:
    """A copy for deployment: the same student without the teacher's parameters."""
    student = copy.deepcopy(model)
    remove_teachers(student.classifier)
    return student
