"""Check that another implementation of a step has the gradients of the network itself.

Two correct implementations differ by rounding, and some networks amplify it: with pretrained
weights in training mode, a gradient in single precision can differ by several per cent from the
true one. If two implementations differ, the same step in double precision therefore shows which one
is wrong, and by how much more than the network itself.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from segadapt.functional.distributed import max_over_ranks
from segadapt.functional.precision import full_precision
from segadapt.losses.parts.fused import fused_loss
from segadapt.losses.supervised import Supervised
from segadapt.segmentor import Segmentor
from segadapt.structures import Batch, Prediction

TOLERANCE: Final = 0.05
"""Relative distance of two gradients that is accepted without further checks: rounding causes 1e-5
in most networks, TF32 convolutions on a GPU 1e-2, and a wrong derivative about 1."""

FACTOR: Final = 4.0
"""Largest ratio of the distances from double precision of another gradient and of the network's
own."""

LIMIT: Final = 0.5
"""Largest distance allowed: above it, rounding and a wrong derivative cannot be distinguished."""

SMALL: Final = 1e-3
"""Fraction of the whole gradient below which the gradient of a tensor is only rounding: that of a
bias before batch norm is 0."""

FEW: Final = 4
"""Largest number of images of the step in double precision: 16 images of 512 x 512 pixels would
take about 90 GB of host memory with UPerNet Swin-T."""

Forward = Callable[[Tensor, Tensor], Prediction]
"""A function from images and labels to a prediction."""


class Verdict(NamedTuple):
    """Distances of the gradients of another implementation by parameter; the maximum over ranks."""

    names: list[str]
    errors: Float[Tensor, "p"]
    """Relative distances from the network's own gradients, or from double precision (``exact``)."""
    own: Float[Tensor, "p"]
    """Distances of the network's own gradients from double precision; 0 if not computed."""
    excess: Float[Tensor, "p"]
    """Distances divided by the allowed ones."""
    exact: bool
    """Whether the distances refer to double precision."""

    @property
    def wrong(self) -> list[int]:
        """Indices of the wrong parameters, including NaN, the worst one first."""
        excess = self.excess.nan_to_num(torch.inf).tolist()
        wrong = [number for number, value in enumerate(excess) if value > 1]
        return sorted(wrong, key=lambda number: -excess[number])


def compared(
    model: Segmentor,
    forward: Forward,
    objective: nn.Module,
    batch: Batch,
    part: int | None = None,
) -> Verdict:
    """Compare the gradients of another forward pass with the network's own, in float32.

    Autocast is off, even if the training uses it, so graphs that the other implementation compiles
    for autocast are not checked.

    If some differ, both are compared with a step of ``FEW`` images in double precision, which takes
    up to ten times as long as one in single precision; its activations are kept in host memory.
    Gradients, buffers and the state of the random numbers do not change.

    Args:
        model: Network, in training mode.
        forward: The other implementation of its prediction.
        objective: Objective with the interface of :class:`segadapt.losses.objective.Objective`.
        batch: Images and labels. All ranks that train together must call this.
        part: Images of the batch to use; None for all.

    Returns:
        The verdict. All distances are 0 if the network's own gradients are not finite.
    """
    images = _first(batch, part)
    names = [name for name, value in model.named_parameters() if value.requires_grad]
    own = gradients(model, model, objective, images)
    other = gradients(model, forward, objective, images)
    known = torch.stack([grad.isfinite().all() for grad in own]).all()
    apart = max_over_ranks(distances(other, own).where(known, 0.0))
    nothing = torch.zeros_like(apart)
    if (apart <= TOLERANCE).all():
        return Verdict(names, apart, nothing, apart / TOLERANCE, exact=False)
    if len(images.image) > FEW:
        images = _first(images, FEW)
        own = gradients(model, model, objective, images)
        other = gradients(model, forward, objective, images)
    exact = exact_gradients(model, objective, images)
    errors, usual = (distances(grads, exact).where(known, 0.0) for grads in (other, own))
    # A single tensor may be accurate by chance, so the network's usual error is allowed everywhere.
    allowed = (FACTOR * usual.maximum(usual.median())).clamp(TOLERANCE, LIMIT)
    # The whole batch is checked as well, because few images may take another code path.
    excess = (errors / allowed).maximum(apart / (allowed + usual))
    worst = max_over_ranks(torch.stack([errors, usual, excess]))
    return Verdict(names, worst[0], worst[1], worst[2], exact=True)


def _first(batch: Batch, images: int | None) -> Batch:
    """The first images of a batch, channels-last; None for all."""
    image = batch.image[:images].contiguous(memory_format=torch.channels_last)
    return Batch(image, batch.mask[:images], batch.name[:images])


def gradients(
    model: Segmentor, forward: Forward, objective: nn.Module, batch: Batch
) -> list[Tensor]:
    """Gradients of a step by the trained parameters; 0 for unused ones."""
    weights = [value for value in model.parameters() if value.requires_grad]
    device = batch.image.device
    with _unchanged(model, device), full_precision(device):
        total = objective(forward(batch.image, batch.mask), batch.mask).total
        slopes = torch.autograd.grad(total, weights, allow_unused=True)
    pairs = zip(slopes, weights, strict=True)
    return [torch.zeros_like(weight) if grad is None else grad for grad, weight in pairs]


def exact_gradients(model: Segmentor, objective: nn.Module, batch: Batch) -> list[Tensor]:
    """:func:`gradients` of a copy in double precision, with the same random numbers."""
    exact, goal = copy.deepcopy(model).double(), copy.deepcopy(objective).double()
    for term in goal.modules():
        if isinstance(term, Supervised):
            term.one_pass = fused_loss  # the kernels do not compute in double precision
    with torch.autograd.graph.save_on_cpu(), SingleDraws():
        return gradients(exact, exact, goal, batch._replace(image=batch.image.double()))


def distances(values: Sequence[Tensor], reference: Sequence[Tensor]) -> Float[Tensor, "p"]:
    """Norms of the differences divided by the norms of the reference, in double precision."""
    norms = torch.stack([grad.double().norm() for grad in reference])
    pairs = zip(values, reference, strict=True)
    apart = torch.stack([(a.double() - b.double()).norm() for a, b in pairs])
    return apart / (norms + SMALL * norms.norm()).clamp_min(torch.finfo(norms.dtype).tiny)


class SingleDraws(TorchDispatchMode):
    """Lets operations in double precision draw the random numbers of single precision.

    torch draws different ones for the same seed, so that other units would be dropped.
    """

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        options = dict(kwargs or {})
        name = func.overloadpacket.__name__
        if name == "native_dropout":  # it also computes; only its mask is random
            return _dropped(func, *args)
        if name not in DRAWS or not _is_double(args, options):
            return func(*args, **options)
        drawn = func(*map(_narrowed, args), **{key: _narrowed(x) for key, x in options.items()})
        return args[0].copy_(drawn) if name.endswith("_") else drawn.double()


DRAWS: Final = frozenset(
    (
        *("bernoulli", "bernoulli_", "uniform_", "normal_", "exponential_"),
        *("rand", "rand_like", "randn", "randn_like"),
    )
)
"""Operations of torch that only draw random numbers."""


def _is_double(args: Sequence[Any], options: dict[str, Any]) -> bool:
    wanted = options.get("dtype")
    if wanted is not None:
        return bool(wanted is torch.float64)
    return any(isinstance(x, Tensor) and x.dtype == torch.float64 for x in args)


def _narrowed(value: Any) -> Any:
    if value is torch.float64:
        return torch.float32
    double = isinstance(value, Tensor) and value.dtype == torch.float64
    return value.to(torch.float32, copy=True) if double else value


def _dropped(
    func: Any, values: Tensor, share: float, train: bool | None = True
) -> tuple[Tensor, Tensor]:
    ones = torch.ones_like(values, dtype=torch.float32)
    kept = func(ones, share, train)[1]
    scale = 1.0 if train is False else 1 / (1 - share) if share < 1 else 0.0
    return values * kept * scale, kept


@contextmanager
def _unchanged(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Restore buffers and the state of the random numbers afterwards."""
    devices = [device] if device.type == "cuda" else []
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    with torch.random.fork_rng(devices):
        try:
            yield
        finally:
            with torch.no_grad():
                for buffer, before in buffers:
                    buffer.copy_(before)
