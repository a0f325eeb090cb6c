"""The images with the lowest and highest scores, drawn during a pass."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from torch import Tensor

from segadapt.data.drawing import LabelledImage, Picture, panel, shown
from segadapt.functional.normalization import Statistics


class Exhibit(NamedTuple):
    """One image of the gallery."""

    name: str
    miou: float
    """MIoU of this image alone, over the classes labelled or predicted in it."""
    picture: Picture


class Gallery:
    """Keeps a few pictures of a pass of any length.

    Args:
        number: Number of images with the lowest, and with the highest scores; 0 for none.
        classes: Class names in order.
        colors: Their colours, RGB.
        statistics: Those by which the data set normalises images.
    """

    def __init__(
        self,
        number: int,
        classes: tuple[str, ...],
        colors: UInt8[np.ndarray, "k 3"],
        statistics: Statistics,
    ) -> None:
        self.number, self.classes, self.colors = number, classes, colors
        self.statistics = statistics
        self.worst: list[Exhibit] = []
        self.best: list[Exhibit] = []

    def offer(
        self, name: str, miou: float, image: Tensor, mask: Tensor, maps: dict[str, Tensor]
    ) -> None:
        """Offer an image, which is drawn only if it is among the worst or the best so far.

        Args:
            name: Its name.
            miou: Its score; images with NaN, which have no labels, are not kept.
            image: Network input.
            mask: Label.
            maps: Prediction of each branch; the last one is compared with the label.
        """
        worst = self.number > len(self.worst) or any(miou < kept.miou for kept in self.worst)
        best = self.number > len(self.best) or any(miou > kept.miou for kept in self.best)
        if self.number == 0 or math.isnan(miou) or not (worst or best):
            return
        exhibit = Exhibit(name, miou, self._picture(name, image, mask, maps))
        if worst:
            self.worst = sorted([*self.worst, exhibit], key=lambda kept: kept.miou)[: self.number]
        if best:
            self.best = sorted([*self.best, exhibit], key=lambda kept: -kept.miou)[: self.number]

    def _picture(self, name: str, image: Tensor, mask: Tensor, maps: dict[str, Tensor]) -> Picture:
        label = mask.cpu().numpy()
        predictions = {branch: values.cpu().numpy() for branch, values in maps.items()}
        picture = shown(image, label.shape, self.statistics)
        row = LabelledImage(name, picture, {"label": label, **predictions})
        return panel([row], self.classes, self.colors)
