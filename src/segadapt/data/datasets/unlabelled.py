"""Images to predict, whose labels are not read."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from segadapt.data.dataset import Decoded, LabelledDataset, SegmentationDataset, Transform
from segadapt.data.files.decode import MAX_PIXELS, read_image
from segadapt.data.packing import PackedSample
from segadapt.data.sampling import AUGMENTATION, Key, generator_for, position_and_item
from segadapt.files import expanded
from segadapt.structures import Sample
from segadapt.text.borders import printable


class Unlabelled(LabelledDataset):
    """Images of a split as in evaluation; every pixel of their masks is ignored.

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
        self.levels, self.statistics = transform.levels, transform.statistics

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, key: Key) -> Sample:
        """Load, check and transform one image.

        Raises:
            ValueError: If the file cannot be decoded.
        """
        image, mask, generator = self._decoded(key)
        return Sample(*self.transform(image, mask, generator), self._name(key))

    def packed(self, key: Key) -> PackedSample:
        image, mask, generator = self._decoded(key)
        return PackedSample(*self.transform.packed(image, mask, generator), self._name(key))

    def _decoded(self, key: Key) -> Decoded:
        position, item = position_and_item(key)
        image = read_image(self.images[item], self.max_pixels, not self.source.as_stored)
        nothing = np.full(image.shape[:2], self.nothing, dtype=self.nothing.dtype)
        return Decoded(image, nothing, generator_for(AUGMENTATION, 0, position))

    def _name(self, key: Key) -> str:
        return printable(self.images[position_and_item(key)[1]].relative_to(self.root))
