"""What a pixel loss has to say about a strip of scores."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from jaxtyping import Float, Int
from torch import Tensor

from segadapt.losses.parts.layout import Strip


class ImagesLoss(ABC):
    """The loss of a few images.

    Letters of its own: m images, p of the k classes, s sums.

    Attributes:
        looks: Whether the gradient of a pixel depends on sums over all pixels.
        classes: Those p whose scores alone matter; None for all.
    """

    looks: bool = False
    classes: Int[Tensor, "p"] | None = None

    def look(self, strip: Strip, room: Float[Tensor, "_ _ _ _"]) -> Float[Tensor, "m s"]:
        """What the pixels of a strip add to the sums of each image.

        Args:
            strip: Of ``classes``.
            room: To compute in.
        """
        return strip.scores.new_zeros(strip.scores.shape[strip.layout.images], 0)

    def value(self, sums: Float[Tensor, "m s"]) -> Float[Tensor, ""]:
        """The part of the loss that is an expression of the sums over all pixels."""
        return sums.sum()

    @abstractmethod
    def slopes(
        self,
        strip: Strip,
        sums: Float[Tensor, "m s"],
        out: Float[Tensor, "_ _ _ _"],
        with_gradient: bool,
    ) -> Float[Tensor, ""]:
        """The part of the loss that is a sum over pixels: of those of a strip.

        Args:
            strip: Of ``classes``.
            sums: Over all pixels.
            out: To compute in; gets the gradient of the whole loss there, if it is wanted.
            with_gradient: Whether it is.
        """


Plan = Callable[[slice], ImagesLoss]
"""A pixel loss of a batch: gives the loss of some of its images; over all of them they add up."""
