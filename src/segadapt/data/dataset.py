"""Base class of all data sets of image and label files."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float32, UInt
from torch.utils.data import Dataset

from segadapt.data.files.decode import MAX_PIXELS, read_image, reduced
from segadapt.data.files.image_format import PLAIN, ImageFormat, Pixels
from segadapt.data.files.pairs import ImageFolder, Pair
from segadapt.data.label_table.table import Color, LabelTable
from segadapt.data.labels import LabelContract
from segadapt.data.packing import PackedSample
from segadapt.data.palette import completed
from segadapt.data.pipeline import Transform
from segadapt.data.reading import Part, Reading, WholeFiles, Windows
from segadapt.data.sampling import AUGMENTATION, Key, generator_for, position_and_item
from segadapt.files import expanded
from segadapt.functional.normalization import IMAGENET, Statistics
from segadapt.structures import Sample
from segadapt.text.borders import printable
from segadapt.text.invocation import command


class Submission(NamedTuple):
    """Format of a submission: a zip archive of PNGs with the numbers of label files.

    Args:
        dropped: End of an image's name, without suffix, that its prediction's name has not.
    """

    dropped: str = ""

    def name(self, image: Path) -> str:
        """The file of an image's prediction."""
        return f"{image.stem.removesuffix(self.dropped)}.png"


class LabelledDataset(Dataset[Sample], ABC):
    """Samples with named classes, which is all that the data module asks for.

    Indexed by (global sample index, item) in training, so that what is drawn for a sample is a
    function of seed and index, whoever loads it; by the item alone in evaluation. Images are RGB,
    normalised; masks hold 0 ... K-1 and the ignored label, as uint8 up to 254 classes and as uint16
    above. Torch can copy and widen that type, and nothing else is done with it before it is
    widened.

    Attributes:
        classes: Names, in the order of the class numbers.
        palette: An RGB colour per class, or None where the data set has none of its own.
        pictures: Whether the images can be looked at; cached features cannot.
        files: What it is made of; nothing where samples are composed on the fly.
        notes: Sentences about its files that are worth reading before a training.
        division: Files of every split, where a list or a draw assigns them; a run folder records
            them.
        table: The label table, where it was read from files and not written in this package: a run
            folder keeps it.
        submission: What the data set's server takes; None where there is none.
        max_pixels: Larger images are refused.
        as_stored: Whether the labels are known to lie on the pixels as stored, whatever EXIF says
            about showing them; where they are not, images that EXIF turns are refused.
        form: Channels and depth of the images.
        is_own: Whether it is somebody's own and not a published one, so that more can be wrong.
        levels: What normalisation makes of the 256 levels of each channel; None where images do not
            have 8 bits, or are not normalised by a table.
        statistics: Those by which images are normalised, so that they can be shown.
    """

    classes: tuple[str, ...]
    palette: tuple[Color, ...] | None = None
    pictures: ClassVar[bool] = True
    files: Sequence[Pair] = ()
    notes: Sequence[str] = ()
    division: Mapping[str, Sequence[Pair]] = {}
    table: LabelTable | None = None
    submission: ClassVar[Submission | None] = None
    max_pixels: int = MAX_PIXELS
    as_stored: ClassVar[bool] = True
    form: ImageFormat = PLAIN
    is_own: ClassVar[bool] = False
    levels: Float32[np.ndarray, "c 256"] | None = None
    statistics: Statistics = IMAGENET

    @abstractmethod
    def __len__(self) -> int:
        """Number of items."""

    @abstractmethod
    def __getitem__(self, key: Key) -> Sample:
        """One sample."""

    def packed(self, key: Key) -> PackedSample:
        """The same sample, to be normalised on the device; only with :attr:`levels`."""
        raise AssertionError(f"{type(self).__name__} has no levels")


class Decoded(NamedTuple):
    """A checked image and its classes, before the transform."""

    image: Pixels
    mask: UInt[np.ndarray, "_ _"]
    generator: np.random.Generator


class SegmentationDataset(LabelledDataset):
    """Files of images and label maps; subclasses define classes, label contract and files.

    Attributes:
        labels: What the numbers in the files mean.
        images: How many images each split has as published; nothing where nobody published it.
        unlabelled: Further splits, which have no labels: predictions go to a server.
        reading: How its files are read for checks.
        windows: The same where TIFFs are read by windows; None where files are read whole.
        parts: Its items: files, or cells of rasters.

    Args:
        root: Folder of the data set.
        split: Which part of it, as its files call it.
        transform: What is done to an image and its classes.
        seed: Seed of the run.
        max_pixels: Larger images are refused.
        windows: Side of the blocks in which TIFFs are read, pixels; None to read files whole.

    Raises:
        ValueError: If files are missing or do not match, the split has no labels, or classes and
            labels disagree.
    """

    labels: LabelContract
    as_stored: ClassVar[bool] = False
    images: ClassVar[Mapping[str, int]] = {}
    unlabelled: ClassVar[Mapping[str, ImageFolder]] = {}

    def __init__(
        self,
        root: str | Path,
        split: str,
        transform: Transform,
        seed: int = 0,
        max_pixels: int = MAX_PIXELS,
        windows: int | None = None,
    ) -> None:
        if len(self.classes) != self.labels.num_classes:
            raise ValueError(
                f"{len(self.classes)} class names, but labels for {self.labels.num_classes} classes"
            )
        if split in self.unlabelled:
            raise ValueError(
                f"split {split!r} of {type(self).__name__} has no labels, so that nothing can be "
                f"measured; {command('evaluate')} run=RUN_FOLDER split={split} submission=FILE.zip "
                "writes predictions for its server"
            )
        self.root = expanded(root)
        self.split, self.transform, self.statistics = split, transform, transform.statistics
        self.seed, self.max_pixels = seed, max_pixels
        self.files = self.pairs(self.root, split)
        self.levels = transform.levels if self.form.depth == 8 else None
        self.windows: Windows | None = None
        self.reading: Reading = WholeFiles(self.labels, self.form, max_pixels, not self.as_stored)
        self.parts = [Part(pair) for pair in self.files]
        if windows is not None:
            self.windows = Windows(self.labels, self.form, transform.cell(windows))
            self.reading, self.parts = self.windows, self.windows.parts(self.files)

    @abstractmethod
    def pairs(self, root: Path, split: str) -> list[Pair]:
        """Files of a split, in an order that does not depend on the machine."""

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, key: Key) -> Sample:
        """Load, check and transform one image, or one part of a raster.

        Raises:
            ValueError: If a file cannot be decoded or breaks the label contract, or the label has
                another size than its image.
        """
        return Sample(*self._transformed(key, self.transform, self.transform.cut))

    def packed(self, key: Key) -> PackedSample:
        return PackedSample(
            *self._transformed(key, self.transform.packed, self.transform.packed_cut)
        )

    def _transformed(
        self, key: Key, whole: Callable[..., tuple[Any, ...]], cut: Callable[..., tuple[Any, ...]]
    ) -> tuple[Any, ...]:
        """The transformed content of a file, or of a crop of a raster, with its name."""
        position, item = position_and_item(key)
        pair, box = self.parts[item]
        name = self.below_root(pair.image)
        if self.windows is None or box is None:
            return *whole(*self._decoded(position, pair)), name
        generator = generator_for(AUGMENTATION, self.seed, position)
        return *cut(self.windows.view(pair), box, generator), f"{name}{box}"

    def _decoded(self, position: int, pair: Pair) -> Decoded:
        divisor = 1

        def reduction(size: tuple[int, int]) -> int:
            nonlocal divisor
            divisor = self.transform.reduction(
                size, generator_for(AUGMENTATION, self.seed, position)
            )
            return divisor

        image = read_image(pair.image, self.max_pixels, not self.as_stored, reduction, self.form)
        raw = self.labels.read(pair.label, self.max_pixels)
        if image.shape[:2] != reduced(raw.shape[:2], divisor):
            by = f" decoded at 1 / {divisor}" if divisor > 1 else ""
            raise ValueError(
                f"{pair.image}{by} has {_size(image)} pixels, but its label {pair.label} has "
                f"{_size(raw)}; both must have the same size"
            )
        generator = generator_for(AUGMENTATION, self.seed, position)
        return Decoded(image, self.labels(raw, pair.label), generator)

    def use(self, table: LabelTable, nearest: bool = False) -> None:
        """Use the classes, colours and label values of a table, before the files are found.

        Args:
            table: What the values of labels mean.
            nearest: Whether the values of JPEG labels become the nearest ones of the table.
        """
        self.table, self.classes = table, table.names
        self.palette = completed(table.palette)
        self.labels = LabelContract(table, nearest)

    def below_root(self, file: Path) -> str:
        """The name of a file within the data set, independent of its location."""
        return printable(file.relative_to(self.root))


def _size(array: np.ndarray) -> str:
    return f"{array.shape[0]} x {array.shape[1]}"
