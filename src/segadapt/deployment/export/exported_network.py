"""The exported part of a trained network: the student, from 8-bit or float RGB to the answer."""

from contextlib import AbstractContextManager
from typing import Any, Final

import torch
from jaxtyping import Num
from torch import Tensor, nn

from segadapt.evaluation.precision_plugins import precision_plugin
from segadapt.functional.normalization import MEAN, STD
from segadapt.functional.precision import halved
from segadapt.functional.resize import upsample
from segadapt.segmentor import Segmentor, without_teacher
from segadapt.structures import NARROW

INPUTS: Final = {
    "uint8": "uint8, RGB, batch x 3 x rows x columns, 0 ... 255",
    "float": "float32, RGB, batch x 3 x rows x columns, 0 ... 1, not normalised",
}
"""Input types of the network."""

OUTPUTS: Final = {
    "scores": "float32, batch x classes x rows x columns, before the softmax",
    "probabilities": "float32, batch x classes x rows x columns, their softmax",
    "labels": "uint8 (int32 above 254 classes), batch x rows x columns, numbers of classes",
}
"""Outputs of the network, at the size of its input."""

DROPOUTS: Final = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)


class ExportedNetwork(nn.Module):
    """Normalises, scores, resizes the scores to the image.

    Args:
        student: From :func:`student_of`.
        output: Key of ``OUTPUTS``.
        half: Whether the student computes in half precision; normalisation and scores do not.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, student: Segmentor, output: str = "scores", half: bool = False) -> None:
        super().__init__()
        self.student, self.output = halved(student) if half else student, output
        self.dtype = torch.float16 if half else torch.float32
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1), persistent=False)

    def default_type(self) -> AbstractContextManager:
        """A context with the default type of tensors made in a forward pass."""
        name = "16-true" if self.dtype is torch.float16 else "32-true"
        return precision_plugin(name, torch.device("cpu")).forward_context()

    def forward(self, image: Num[Tensor, "b 3 H W"]) -> Num[Tensor, "b *answer"]:
        fractions = image if image.is_floating_point() else image.float() / 255
        normalised = (fractions - self.mean) / self.std
        scores = self.student(normalised.to(self.dtype)).student.logits
        scores = upsample(scores.float(), image.shape[2:])
        if self.output == "labels":
            wide = scores.shape[1] > NARROW
            return scores.argmax(1).to(torch.int32 if wide else torch.uint8)
        return scores.softmax(1) if self.output == "probabilities" else scores


def student_of(network: Segmentor) -> Segmentor:
    """A copy in single precision without the parts that only training needs.

    That is the teacher, the auxiliary head, and dropout, which does nothing in evaluation.
    """
    student = without_teacher(network).float().to(memory_format=torch.contiguous_format).eval()
    generator: Any = student.generator
    if getattr(generator, "auxiliary", None) is not None:
        generator.auxiliary = None
    for name, module in list(student.named_modules()):
        if type(module) in DROPOUTS:
            student.set_submodule(name, nn.Identity(), strict=True)
    return student.requires_grad_(False)
