"""The interface of a pixel loss for strips of scores."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from jaxtyping import Float, Int
from torch import Tensor

from segadapt.losses.parts.layout import Strip


class ImagesLoss(ABC):
    """The loss of a few images.

    Shape letters of this file: m images, p of the k classes, s sums.

    Attributes:
        looks: Whether the gradient of a pixel depends on sums over all pixels.
        classes: The p classes whose scores matter; None for all.
    """

    looks: bool = False
    classes: Int[Tensor, "p"] | None = None

    def look(self, strip: Strip, room: Float[Tensor, "_ _ _ _"]) -> Float[Tensor, "m s"]:
        """Contributions of the pixels of a strip to the sums of each image.

        Args:
            strip: Strip of ``classes``.
            room: Memory for the computation.
        """
        return strip.scores.new_zeros(strip.scores.shape[strip.layout.images], 0)

    def value(self, sums: Float[Tensor, "m s"]) -> Float[Tensor, ""]:
        """The part of the loss that is a function of the sums over all pixels."""
        return sums.sum()

    @abstractmethod
    def slopes(
        self,
        strip: Strip,
        sums: Float[Tensor, "m s"],
        out: Float[Tensor, "_ _ _ _"],
        with_gradient: bool,
    ) -> Float[Tensor, ""]:
        """The part of the loss that is a sum over pixels, for those of a strip.

        Args:
            strip: Strip of ``classes``.
            sums: Sums over all pixels.
            out: Memory for the computation; receives the gradient of the whole loss, if requested.
            with_gradient: Whether the gradient is requested.
        """


Plan = Callable[[slice], ImagesLoss]
"""A pixel loss of a batch: a function from some images to their loss; these losses are summed."""
