"""Images to predict, whose labels nobody looks at."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from segadapt.data.dataset import LabelledDataset, SegmentationDataset, Transform
from segadapt.data.files.decode import MAX_PIXELS, read_image
from segadapt.data.sampling import AUGMENTATION, Key, generator_for, position_and_item
from segadapt.files import expanded
from segadapt.structures import Sample
from segadapt.text.borders import printable


class Unlabelled(LabelledDataset):
    """The images of a split as evaluation sees them; every pixel of their masks is ignored.

    Args:
        source: The data set that they belong to.
        root: Its folder.
        files: Files of the images.
        transform: What is done to an image.
        max_pixels: Larger images are refused.
    """

    def __init__(
        self,
        source: type[SegmentationDataset],
        root: str | Path,
        files: Sequence[Path],
        transform: Transform,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        self.source, self.root = source, expanded(root)
        self.classes, self.palette = source.classes, source.palette
        self.nothing = source.labels.nothing
        self.images, self.transform, self.max_pixels = list(files), transform, max_pixels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, key: Key) -> Sample:
        """Load, check and transform one image.

        Raises:
            ValueError: If the file cannot be decoded.
        """
        position, item = position_and_item(key)
        file = self.images[item]
        image = read_image(file, self.max_pixels, not self.source.as_stored)
        nothing = np.full(image.shape[:2], self.nothing, dtype=self.nothing.dtype)
        pixels, mask = self.transform(image, nothing, generator_for(AUGMENTATION, 0, position))
        return Sample(pixels, mask, printable(file.relative_to(self.root)))
