"""A network on its device, with a way of inference: from images to maps of pixels."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Num, UInt8
from torch import Tensor

from segadapt.data.files.image_format import Pixels
from segadapt.deployment.inputs.images import Photograph
from segadapt.deployment.prediction.pixel_maps import (
    Field,
    Map,
    field_of,
    log_mean,
    packed,
    unpacked,
)
from segadapt.evaluation.inference.branches import branch_maps, refuse_nonfinite
from segadapt.evaluation.inference.methods import Inference, Keep
from segadapt.evaluation.inference.settings import resamples, short_name
from segadapt.evaluation.precision_plugins import Precision
from segadapt.segmentor import Segmentor
from segadapt.structures import Branch, Prediction

BRANCHES: Final = {"student": "student", "coarse": "coarse", "teacher": "oracle"}
"""Branches of a classifier, by their names in evaluation."""

Mask = UInt8[np.ndarray, "H W"]
Maps = dict[str, dict[str, Map]]
"""Numbers of pixels by branch and field."""


class Predictor(NamedTuple):
    """Computes maps from images.

    Args:
        network: For 8-bit images, on its device and in its precision.
        inference: Inference, from an image to its scores.
        precision: Casts inputs and passes.
        device: Device of the network.
        resized: Gives an image the size that the network sees.
        classes: Number of classes.
    """

    network: Segmentor
    inference: Inference
    precision: Precision
    device: torch.device
    resized: Callable[[Pixels], Pixels]
    classes: int

    def maps(
        self,
        photographs: Sequence[Photograph],
        masks: Sequence[Mask | None],
        fields: Collection[str],
        branches: Collection[str],
    ) -> list[Maps]:
        """Numbers of the pixels of images of one size, from the same passes.

        Args:
            photographs: The images.
            masks: Labels of the images, for the teacher, or None for each.
            fields: Keys of ``FIELDS``.
            branches: Keys of ``BRANCHES``; the classifier may lack some.
        """
        return self.read(
            photographs, masks, {name: field_of(name, self.classes) for name in fields}, branches
        )

    def read(
        self,
        photographs: Sequence[Photograph],
        masks: Sequence[Mask | None],
        fields: Mapping[str, Field],
        branches: Collection[str],
    ) -> list[Maps]:
        """Compute any fields of pixels, like :meth:`maps`.

        Args:
            photographs: The images.
            masks: Labels of the images, for the teacher, or None for each.
            fields: Fields to keep of each pixel, by name.
            branches: Keys of ``BRANCHES``; the classifier may lack some.
        """
        keep = packed(list(fields.values()))
        kept = self._kept(photographs, masks, keep, branches)
        width = photographs[0].pixels.shape[1]
        by_branch = {
            name: unpacked(content, fields, width, self.classes) for name, content in kept.items()
        }
        return [
            {name: images[index] for name, images in by_branch.items()}
            for index in range(len(photographs))
        ]

    @torch.no_grad()
    def log_density(self, photograph: Photograph) -> Float[np.ndarray, "H W"]:
        """Log density of the features of each pixel under the mixtures of all classes, in nats.

        Raises:
            ValueError: If the classifier has no densities, or inference mixes probabilities.
        """
        if resamples(self.inference):
            raise ValueError(
                f"inference={short_name(self.inference)} averages probabilities, which have no "
                "density; take inference=whole or inference=slide"
            )
        image = self._input([photograph])
        size = photograph.pixels.shape[:2]
        field = Field(torch.float32, log_mean)
        with self.precision.forward_context():
            kept = self.inference(self._densities, image, size, keep=packed([field]))
        return unpacked(kept, {"log_density": field}, size[1], self.classes)[0]["log_density"]

    @torch.no_grad()
    def adapted(self, photograph: Photograph) -> Branch:
        """The student with prototypes adapted once to the whole image."""
        with self.precision.forward_context():
            prediction: Prediction = self.network(self._input([photograph]))
        return prediction.student

    @torch.no_grad()
    def scores(self, pixels: Pixels, name: str) -> Float[Tensor, "1 k h w"]:
        """The student's scores of an image that is not resized, on the network's grid.

        Args:
            pixels: The image.
            name: Name of the image in errors.

        Raises:
            ValueError: If scores are NaN or infinite.
        """
        with self.precision.forward_context():
            scores = self.network(self._batch([pixels])).student.logits
        refuse_nonfinite(name)(scores.isfinite().all())
        return scores

    def _densities(self, view: Num[Tensor, "b c H W"]) -> Float[Tensor, "b k h w"]:
        return self.network.classifier.log_densities(self.network.generator(view).pixels)

    @torch.no_grad()
    def _kept(
        self,
        photographs: Sequence[Photograph],
        masks: Sequence[Mask | None],
        keep: Keep,
        branches: Collection[str],
    ) -> Mapping[str, Tensor]:
        """Maps computed from the scores of each existing branch."""
        size = photographs[0].pixels.shape[:2]
        labels = [mask for mask in masks if mask is not None and "teacher" in branches]
        target = torch.from_numpy(np.stack(labels)).to(self.device).long() if labels else None
        with self.precision.forward_context():
            by_branch = branch_maps(
                self.network,
                self.inference,
                self._input(photographs),
                (size[0], size[1]),
                keep,
                target,
                refuse_nonfinite(photographs[0].name),
                {BRANCHES[name] for name in branches} | {"student"},
            )
        names = {theirs: ours for ours, theirs in BRANCHES.items()}
        return {names[theirs]: kept for theirs, kept in by_branch.items()}

    def _input(self, photographs: Sequence[Photograph]) -> Num[Tensor, "b c H W"]:
        """Images as the network takes them: of 8 bits, unless they are going to be resampled."""
        return self._batch([self.resized(photograph.pixels) for photograph in photographs])

    def _batch(self, images: Sequence[Pixels]) -> Num[Tensor, "b c H W"]:
        # torch warns about arrays that cannot be written, such as those of Pillow, unless copied
        arrays = [np.require(image, requirements=("C", "W")) for image in images]
        planes = [torch.from_numpy(array).permute(2, 0, 1) for array in arrays]
        batch = (planes[0][None] if len(planes) == 1 else torch.stack(planes)).to(self.device)
        if resamples(self.inference) or batch.is_floating_point():
            generator: Any = self.network.generator
            batch = generator.normalised(batch)
        return self.precision.convert_input(batch)
