"""Fingerprints of the images and labels on which a number was measured."""

import hashlib
from collections.abc import Sequence

from torch import Tensor

from segadapt.data.labels import label_type


class Fingerprint:
    """A digest of class names, image names, and labels as the network's classes.

    It does not depend on the location and compression of the files; it changes with a missing
    image, another order of the classes, or a single pixel of a label.

    Args:
        classes: Class names in order.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self._dtype = label_type(len(classes))
        self._found = hashlib.sha256("\n".join(classes).encode())

    def add(self, name: str, mask: Tensor) -> None:
        """Add an image.

        Args:
            name: Its name, relative to the data set.
            mask: Its label, in the narrowest type that holds its classes.
        """
        values = mask.cpu().numpy().astype(self._dtype)
        self._found.update(f"\n{name} {values.shape}\n".encode())
        self._found.update(values.tobytes())

    def hexdigest(self) -> str:
        """SHA-256 of all images added so far, in hexadecimal."""
        return self._found.hexdigest()
