"""A trained network as Python uses it."""

import copy
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, overload

import torch

from segadapt.deployment.inputs.images import MAX_PIXELS, ImageSource, is_one
from segadapt.deployment.loading.trained_network import TrainedNetwork
from segadapt.deployment.prediction.batches import (
    Item,
    batches,
    check_counts,
    check_labels,
    read_items,
)
from segadapt.deployment.prediction.inference_choice import chosen_inference
from segadapt.deployment.prediction.pixel_input import with_pixel_input
from segadapt.deployment.prediction.predictor import BRANCHES, Predictor
from segadapt.deployment.prediction.result import Palette, Result, absent
from segadapt.evaluation.device import chosen_device
from segadapt.evaluation.inference.methods import Inference
from segadapt.evaluation.inference.settings import can_use_labels, short_name
from segadapt.evaluation.precision_names import full_name
from segadapt.evaluation.precision_plugins import precision_plugin
from segadapt.text.choices import unknown

ALSO: Final = ("confidence", "entropy", "scores", "coarse", "teacher")
"""Optional parts of a prediction, in addition to labels."""

Device = str | torch.device


class Wanted(NamedTuple):
    """Results of one pass over an image."""

    branch: str
    also: frozenset[str]

    @property
    def fields(self) -> list[str]:
        return ["labels", *sorted(self.also - BRANCHES.keys())]

    @property
    def branches(self) -> set[str]:
        return {self.branch, *(self.also & BRANCHES.keys())}


class Model:
    """A trained network, from :func:`segadapt.load`.

    Attributes:
        classes: Class names, in the order of the class numbers.
        colors: RGB colours of the classes.
        info: Origin of the network, and its measurement.
        precision: Default precision of its predictions, by Lightning's name.
        trained: The network itself, with its config and its data set's rules.

    Examples:
        >>> import segadapt
        >>> model = segadapt.load("runs/street", device="cpu")
        >>> result = model.predict("street.jpg")
        >>> result.labels.shape
        (48, 64)
        >>> several = model.predict(["street.jpg", "street.jpg"], inference="multiscale")
        >>> len(several)
        2
    """

    def __init__(
        self, trained: TrainedNetwork, device: Device = "auto", precision: str | None = None
    ) -> None:
        self.trained, self.info = trained, trained.info
        self.precision = full_name(precision or trained.precision)
        self.classes, self.colors = trained.data.classes, trained.data.colors
        self._device = device
        self._ready: tuple[tuple[str, str], Predictor] | None = None
        self._placed(device, self.precision)

    def __repr__(self) -> str:
        facts = ", ".join(
            f"{key}={self.info.get(key)!r}" for key in ("classifier", "model", "step")
        )
        return f"Model({facts}, {len(self.classes)} classes, source={self.info.get('source')!r})"

    @overload
    def predict(self, images: ImageSource, **options: Any) -> Result: ...

    @overload
    def predict(self, images: Iterator[ImageSource], **options: Any) -> Iterator[Result]: ...

    @overload
    def predict(self, images: Sequence[ImageSource], **options: Any) -> list[Result]: ...

    def predict(
        self,
        images: Any,
        *,
        labels: Any = None,
        branch: str = "student",
        inference: str | Inference | None = None,
        device: Device | None = None,
        precision: str | None = None,
        batch_size: int = 1,
        also: Collection[str] = (),
        max_pixels: int = MAX_PIXELS,
        **settings: Any,
    ) -> Any:
        """Segment images of any size; a result has the size of its image.

        An image is a path, a Pillow image, a uint8 array (rows x columns x 3, RGB) or a tensor
        (3 x rows x columns; uint8 or 0 ... 1). Photographs are turned as their EXIF says, as
        viewers do. (Training does not turn images, because labels have no EXIF.)

        Args:
            images: One image, a list of them, or an iterator, which is read as its results are
                asked for.
            labels: Labels, one for each image: files with the data set's own numbers, or
                arrays of classes. Only the teacher looks at them.
            branch: ``student``, ``coarse`` (before adaptation) or ``teacher`` (adapted with the
                labels).
            inference: ``whole``, ``slide``, ``multiscale`` or ``slide_multiscale``; None: that of
                the training's validation.
            device: As in :func:`segadapt.load`; None: the one given there.
            precision: ``fp32``, ``fp16``, ``bf16-mixed``; None: that of :func:`segadapt.load`.
            batch_size: Neighbours of one size that are passed through the network together.
            also: Further maps to compute in the same pass, one name or several: ``confidence``,
                ``entropy``, ``scores``, ``coarse``, ``teacher``.
            max_pixels: Larger images are refused.
            **settings: Settings of the inference, as its config has them, such as
                ``window=[512, 512]`` or ``context="global"``.

        Returns:
            A result; for several images a list or an iterator of them.

        Raises:
            ValueError: If an image cannot be read, or an option does not fit.
        """
        is_single = is_one(images)
        sources = [images] if is_single else images
        beside = [labels] if is_single and labels is not None else labels
        check_labels(sources, beside)
        check_counts(batch_size=batch_size, max_pixels=max_pixels)
        choice = self.inference(inference, settings)
        names = frozenset([also] if isinstance(also, str) else also)
        _check({branch, *names}, choice, labels is not None)
        results = self.segment(
            read_items(sources, beside, self.trained.data, max_pixels),
            self.predictor(choice, device, precision),
            Wanted(branch, names),
            batch_size,
        )
        if is_single:
            return next(results)
        return results if isinstance(images, Iterator) else list(results)

    def predictor(
        self,
        inference: Inference | None = None,
        device: Device | None = None,
        precision: str | None = None,
    ) -> Predictor:
        """The network on a device, for :meth:`segment`; the last one requested is cached.

        Args:
            inference: Inference; None: that of the training's validation.
            device: As in :func:`segadapt.load`; None: the one given there.
            precision: ``fp32``, ``fp16``, ``bf16-mixed``; None: that of :func:`segadapt.load`.

        Raises:
            ValueError: If there is no such device or precision.
        """
        ready = self._placed(device or self._device, full_name(precision or self.precision))
        return ready._replace(inference=inference or self.trained.inference)

    def segment(
        self, items: Iterable[Item], predictor: Predictor, wanted: Wanted, batch_size: int = 1
    ) -> Iterator[Result]:
        """Segment images that have been read; results come in their order.

        Args:
            items: Images, with their labels where they are known.
            predictor: From :meth:`predictor`.
            wanted: Branch and maps to compute.
            batch_size: Neighbours of one size that are passed through the network together.
        """
        palette = Palette(self.classes, self.colors, self.trained.data.labels)
        for batch in batches(items, batch_size):
            photographs, masks = [item.photograph for item in batch], [item.mask for item in batch]
            maps_of = predictor.maps(photographs, masks, wanted.fields, wanted.branches)
            for (photograph, mask), maps in zip(batch, maps_of, strict=True):
                if wanted.branch not in maps:
                    raise ValueError(absent(wanted.branch, mask is not None))
                yield Result(photograph, mask, palette, predictor, wanted.branch, maps)

    def inference(self, choice: str | Inference | None, settings: Mapping[str, Any]) -> Inference:
        """The inference that ``inference=`` and its settings stand for.

        Args:
            choice: A name, a way of inference itself, or None for that of the training.
            settings: Settings of a way that is named.

        Raises:
            ValueError: If there is no such way, or it has no such setting.
        """
        if isinstance(choice, str):
            return chosen_inference(choice, settings, self.trained.config)
        if settings:
            raise ValueError(
                f"Unknown option {next(iter(settings))!r} of predict; settings of an inference "
                "need its name, such as inference='slide'"
            )
        return choice or self.trained.inference

    def _placed(self, device: Device, precision: str) -> Predictor:
        """The network on a device; the last one requested is cached."""
        place = chosen_device(device)
        if self._ready is None or self._ready[0] != (place, precision):
            plugin = precision_plugin(precision, torch.device(place))
            network = self.trained.network
            if plugin.dtype is not torch.float32 or place != "cpu":
                network = plugin.convert_module(copy.deepcopy(network)).to(place)
            predictor = Predictor(
                with_pixel_input(network, plugin.dtype, self.trained.data.statistics).to(place),
                self.trained.inference,
                plugin,
                torch.device(place),
                self.trained.data.resized,
                len(self.classes),
            )
            self._ready = (place, precision), predictor
        return self._ready[1]


def _check(wanted: Collection[str], inference: Inference, labelled: bool) -> None:
    """Refuse options that cannot be met, before an image is read."""
    if strange := [name for name in wanted if name not in (*ALSO, *BRANCHES)]:
        raise ValueError(unknown("branch or map", strange[0], ("student", *ALSO)))
    if "teacher" in wanted and not labelled:
        raise ValueError(absent("teacher", labelled))
    if "teacher" in wanted and not can_use_labels(inference):
        raise ValueError(
            f"inference={short_name(inference)} adapts several times to an image, but the teacher "
            "needs the whole image at once; use inference=whole, or inference=slide with "
            "context=global"
        )
