"""Features, labels and adapted prototypes of single images."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from segadapt.analysis.figures.score_space import fixed, space
from segadapt.segmentor import Segmentor
from segadapt.structures import Sample


class ImagePrototypes(NamedTuple):
    """Prototypes of one image; student and teacher are None if the classifier does not adapt."""

    name: str
    target: Int[Tensor, "n"]
    """Labels on the feature grid."""
    rows: Float[Tensor, "n d"]
    """Rows that the adapted prototypes score: features, in SSA with their positions."""
    fixed: Float[Tensor, "k d"]
    student: Float[Tensor, "k d"] | None
    """Prototypes that score; in SSA the mixed sum of both kinds."""
    teacher: Float[Tensor, "k d"] | None
    student_semantic: Float[Tensor, "k d"] | None
    """Semantic prototypes S_p, which SSA distils; in CAC the prototypes that score."""
    teacher_semantic: Float[Tensor, "k d"] | None

    @property
    def present(self) -> Bool[Tensor, "k"]:
        """Classes that are labelled in the image."""
        classes = torch.arange(len(self.fixed))
        return (self.target[:, None] == classes).any(0)


@torch.no_grad()
def prototypes_of_image(model: Segmentor, sample: Sample) -> ImagePrototypes:
    """Compute the prototypes of one image; the teacher sees its labels.

    Args:
        model: Network in evaluation mode, on the CPU.
        sample: The image.
    """
    features = model.generator(sample.image[None]).pixels
    target = model.targets(sample.mask[None], features.shape[-2:])
    prediction = model.classifier(features, target)
    scores = space(model.classifier, features, prediction)
    student, teacher = prediction.student, prediction.teacher
    return ImagePrototypes(
        sample.name,
        target.flatten(),
        scores.rows[0],
        fixed(model.classifier),
        _first(scores.student),
        _first(scores.teacher),
        _first(student.semantic),
        None if teacher is None else _first(teacher.semantic),
    )


def image_prototypes(model: Segmentor, samples: Sequence[Sample]) -> list[ImagePrototypes]:
    """Compute the prototypes of images one by one, because they adapt to each image."""
    return [prototypes_of_image(model, sample) for sample in samples]


def _first(values: Tensor | None) -> Tensor | None:
    return None if values is None else values[0]
