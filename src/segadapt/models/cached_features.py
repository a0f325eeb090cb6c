"""The generator of a network whose features were computed before."""

from jaxtyping import Float
from torch import Tensor

from segadapt.models.interfaces import FeatureGenerator, Features
from segadapt.text.invocation import command


class CachedGenerator(FeatureGenerator):
    """Passes on features that the data set contains instead of images, without any parameters.

    Args:
        channels: Width of the features; 0 if the data set has images.

    Raises:
        ValueError: If the data set has images.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        if channels < 1:
            raise ValueError(
                "model=cached has no backbone for images; use it with data=cached "
                f"data.root=FOLDER, written by {command('cache-features')}"
            )
        self.channels = self.inputs = channels

    def forward(self, image: Float[Tensor, "b d h w"], auxiliary: bool = False) -> Features:
        return Features(image)
