"""Prediction of a network for one image."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, UInt, UInt8
from PIL import Image as PillowImage
from torch import Tensor

from segadapt.data.drawing import Picture, viewable
from segadapt.data.labels import LabelContract
from segadapt.deployment.inputs.images import Photograph, Pixels
from segadapt.deployment.prediction.image_files import NUMBERS, write_labels, write_picture
from segadapt.deployment.prediction.overlay import blended, with_legend
from segadapt.deployment.prediction.pixel_maps import Map
from segadapt.deployment.prediction.predictor import BRANCHES, Maps, Mask, Predictor
from segadapt.files import expanded
from segadapt.text.choices import check_choice, unknown


class Prototypes(NamedTuple):
    """Prototypes with which the classifier compared the pixels of this image.

    Args:
        semantic: One vector per class; None if the classifier does not adapt them.
        spatial: The same for positions (SSA).
    """

    semantic: Float[np.ndarray, "k d"] | None
    spatial: Float[np.ndarray, "k d"] | None


class Palette(NamedTuple):
    """Meaning of the class numbers, and how they are displayed and written."""

    classes: tuple[str, ...]
    colors: UInt8[np.ndarray, "k 3"]
    labels: LabelContract


class Result:
    """The prediction of a network for one image, at the size of the image.

    Maps that are not computed yet are computed on access, by another pass over the image; name them
    in ``predict(..., also=[...])`` to get them from the same pass.

    Attributes:
        image: The image as RGB, in the orientation that viewers show.
        name: File of the image, or the kind of its source.
        branch: Branch of the maps below: student, coarse or teacher.

    Examples:
        >>> import segadapt
        >>> result = segadapt.load("runs/street", device="cpu").predict("street.jpg")
        >>> result.scores("student").shape, len(result.classes)
        ((11, 48, 64), 11)
        >>> result.confidence.shape, result.changed.shape
        ((48, 64), (48, 64))
        >>> result.save("street.png")
        PosixPath('street.png')
        >>> overlay = result.overlay("street_overlay.jpg", opacity=0.5, legend=True)
    """

    def __init__(
        self,
        photograph: Photograph,
        mask: Mask | None,
        palette: Palette,
        predictor: Predictor,
        branch: str,
        maps: Maps,
    ) -> None:
        self.image: Pixels = viewable(photograph.pixels)
        self.name, self.branch = photograph.name, branch
        self._photograph, self._mask, self._palette = photograph, mask, palette
        self._predictor, self._maps = predictor, maps

    def __repr__(self) -> str:
        height, width = self.labels.shape
        return f"Result({self.name!r}, {height} x {width} pixels, branch={self.branch!r})"

    @property
    def labels(self) -> UInt[np.ndarray, "H W"]:
        """The class of each pixel, 0 ... K-1."""
        return self._map("labels", self.branch)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names; ``classes[labels[row, column]]`` is that of a pixel."""
        return self._palette.classes

    @property
    def colors(self) -> UInt8[np.ndarray, "k 3"]:
        """Colours of the classes, RGB."""
        return self._palette.colors

    @property
    def contract(self) -> LabelContract:
        """Meaning of the numbers in the label files of the data set."""
        return self._palette.labels

    @property
    def mask(self) -> Mask | None:
        """The given labels as class numbers; 255 is ignored."""
        return self._mask

    def has(self, branch: str) -> bool:
        """Whether a branch is available without another pass."""
        return "labels" in self._maps.get(branch, {})

    def of(self, field: str, branch: str) -> Map:
        """The labels, confidence or entropy of any branch.

        Raises:
            ValueError: As :meth:`scores`.
        """
        return self._map(field, branch)

    @property
    def confidence(self) -> Float[np.ndarray, "H W"]:
        """The probability of each pixel's class."""
        return self._map("confidence", self.branch)

    @property
    def entropy(self) -> Float[np.ndarray, "H W"]:
        """Entropy of each pixel's probabilities in nats, from 0 (certain) to log K (uniform)."""
        return self._map("entropy", self.branch)

    @property
    def changed(self) -> Bool[np.ndarray, "H W"]:
        """Pixels where the adapted classifier predicts another class than the coarse one.

        Raises:
            ValueError: If the classifier does not adapt, and so has no coarse branch.
        """
        return self._map("labels", "student") != self._map("labels", "coarse")

    @property
    def log_density(self) -> Float[np.ndarray, "H W"]:
        """Log density of each pixel over all classes: low for pixels unlike the training data.

        In nats, under the mixture of all classes (``classifier=gmmseg``).

        Raises:
            ValueError: If the classifier has no densities.
        """
        return self._predictor.log_density(self._photograph)

    @property
    def prototypes(self) -> Prototypes:
        """The prototypes that the student adapted to this image as a whole."""
        student = self._predictor.adapted(self._photograph)
        return Prototypes(*map(_array, (student.semantic, student.spatial)))

    def scores(self, branch: str | None = None) -> Float[np.ndarray, "k H W"]:
        """Probabilities of all classes, in half precision.

        They take two bytes per class and pixel, and are computed at each call, unless
        ``predict(..., also=["scores"])`` has stored them.

        Args:
            branch: student, coarse or teacher; None for that of this result.

        Raises:
            ValueError: If the classifier has no such branch, or it needs labels that are not given.
        """
        wanted = branch or self.branch
        if wanted not in BRANCHES:
            raise ValueError(absent(wanted, self._mask is not None))
        if "scores" in self._maps.get(wanted, {}):
            return self._maps[wanted]["scores"]
        maps = self._predictor.maps([self._photograph], [self._mask], ["scores"], [wanted])[0]
        if wanted not in maps:
            raise ValueError(absent(wanted, self._mask is not None))
        return maps[wanted]["scores"]

    def save(self, file: str | Path, numbers: str = "data") -> Path:
        """Write the labels as a palette PNG, at the image's size.

        Args:
            file: Name that ends in .png.
            numbers: ``data`` for the numbers in the data set's label files, ``train`` for 0 ...
                K-1.

        Raises:
            ValueError: If the name has another suffix, or the numbers are unknown.
        """
        place = expanded(file)
        if place.suffix.lower() != ".png":
            raise ValueError(f"{place} must end in .png, because labels are kept without loss")
        check_choice("numbers", numbers, NUMBERS)
        contract = self.contract if numbers == "data" else None
        write_labels(place, self.labels, contract, self.colors)
        return place

    def overlay(
        self, file: str | Path | None = None, opacity: float = 0.5, legend: bool = True
    ) -> Picture:
        """The image overlaid with the colours of its classes.

        Args:
            file: File to write, .png or .jpg; None for no file.
            opacity: Opacity of the colours, 0 to 1.
            legend: Whether to name the classes that occur, with their fractions, below the image.

        Returns:
            The picture, RGB.

        Raises:
            ValueError: If the opacity is out of range, the file has another suffix, or a JPEG
                cannot hold the picture.
        """
        picture = blended(self.image, self.labels, self.colors, opacity)
        if legend:
            picture = with_legend(picture, self.labels, self.classes, self.colors)
        if file is not None:
            write_picture(expanded(file), picture)
        return picture

    def show(self, opacity: float = 0.5) -> None:
        """Show the overlay in a window, or below a cell of a notebook."""
        PillowImage.fromarray(self.overlay(opacity=opacity)).show()

    def _map(self, field: str, branch: str) -> Map:
        if field not in self._maps.get(branch, {}):
            maps = self._predictor.maps([self._photograph], [self._mask], [field], [branch])[0]
            for name, fields in maps.items():
                self._maps.setdefault(name, {}).update(fields)
        if field not in self._maps.get(branch, {}):
            raise ValueError(absent(branch, self._mask is not None))
        return self._maps[branch][field]


def _array(prototypes: Tensor | None) -> Float[np.ndarray, "k d"] | None:
    return None if prototypes is None else prototypes[0].float().cpu().numpy()


def absent(branch: str, labelled: bool) -> str:
    """The error about a missing branch."""
    if branch == "teacher" and not labelled:
        return "the teacher needs labels; pass predict(..., labels=FILE_OR_ARRAY)"
    if branch in ("coarse", "teacher"):
        return (
            f"this network has no {branch} branch: its classifier does not adapt to images, or "
            "was stored without it; use branch=student"
        )
    return unknown("branch", branch, ("student", "coarse", "teacher"))
