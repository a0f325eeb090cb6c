"""Check of whether an image and its label are on the same grid."""

from typing import Final

import numpy as np

from segadapt.data.files.raster_windows import Raster

NEAR: Final = 0.05
"""Maximum distance between the corners of an image and of its label, pixels."""


def check_same_grid(image: Raster, label: Raster) -> None:
    """Compare the size and, where both have one, the georeference of an image and its label.

    Raises:
        ValueError: If they differ.
    """
    if image.size != label.size:
        raise ValueError(
            f"{image.file} has {image.size[0]} x {image.size[1]} pixels, but its label "
            f"{label.file} has {label.size[0]} x {label.size[1]}; both must have the same size"
        )
    one, other = image.source, label.source
    fix = "reproject the label to the grid of the image (gdalwarp)"
    if one.crs and other.crs and one.crs != other.crs:
        raise ValueError(
            f"{image.file} has the reference system {one.crs}, but its label {label.file} has "
            f"{other.crs}; {fix}"
        )
    if not (one.transform.is_identity or other.transform.is_identity):
        here, there = (
            np.array(tuple(place)[:9]).reshape(3, 3) for place in (one.transform, other.transform)
        )
        corners = np.array([(0, 0, 1), (image.size[1], 0, 1), (0, image.size[0], 1)]).T
        apart = float(np.abs(np.linalg.solve(here, there @ corners) - corners).max())
        if not apart <= NEAR:
            raise ValueError(
                f"the label {label.file} lies {apart:.2f} pixels beside its image {image.file}; "
                f"{fix}"
            )
