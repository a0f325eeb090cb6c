"""Census of a data set: frequencies of classes, alone and together, and errors."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from segadapt.data.checks.inspection import ERRORS, Finding, Inspection


class Census:
    """Sums over the images of a split.

    Attributes:
        images: Number of images looked at.
        pixels: Pixels of each class.
        ignored: Ignored pixels.
        together: Images in which both of two classes occur; on the diagonal, in which one does.
        sizes: How many labels have each height and width.
        findings: What is wrong, file by file.

    Args:
        classes: Names in the order of the class numbers.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = tuple(classes)
        k = len(self.classes)
        self.images = self.ignored = 0
        self.pixels = np.zeros(k, dtype=np.int64)
        self.together = np.zeros((k, k), dtype=np.int64)
        self.sizes: Counter[tuple[int, int]] = Counter()
        self.findings: list[Finding] = []

    def add(self, look: Inspection) -> None:
        """Count one image."""
        self.images += 1
        self.pixels += look.classes
        self.ignored += look.ignored
        present = np.flatnonzero(look.classes)
        self.together[np.ix_(present, present)] += 1
        if look.size is not None:
            self.sizes[look.size] += 1
        self.findings += look.findings

    @classmethod
    def of(cls, classes: Sequence[str], looks: Iterable[Inspection]) -> "Census":
        """All images counted."""
        census = cls(classes)
        for look in looks:
            census.add(look)
        return census

    @property
    def errors(self) -> list[Finding]:
        """Findings that would end a training."""
        return [finding for finding in self.findings if finding.kind in ERRORS]

    @property
    def absent(self) -> list[str]:
        """Classes without pixels."""
        return [name for name, count in zip(self.classes, self.pixels, strict=True) if not count]

    def as_json(self) -> dict[str, Any]:
        """Everything, with plain values."""
        return {
            "images": self.images,
            "ignored_pixels": self.ignored,
            "classes": [
                {"name": name, "pixels": int(count), "images": int(self.together[k, k])}
                for k, (name, count) in enumerate(zip(self.classes, self.pixels, strict=True))
            ],
            "together": self.together.tolist(),
            "sizes": [[*size, number] for size, number in self.sizes.most_common()],
            "findings": [finding._asdict() for finding in self.findings],
        }


def remarks(census: Census, split: str, published: Mapping[str, int]) -> list[str]:
    """Sentences about settings that are allowed but may be unintended.

    Args:
        census: Of a split.
        split: Its name.
        published: How many images the splits have as published.
    """
    sentences = []
    if split in published and census.images != published[split]:
        sentences.append(f"{census.images} images, but {published[split]} were published")
    if census.absent:
        names = ", ".join(census.absent[:8]) + (", ..." if len(census.absent) > 8 else "")
        sentences.append(f"{len(census.absent)} classes have no pixel: {names}")
    return sentences
