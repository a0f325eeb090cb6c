"""The choice between strips and Triton kernels for the pixel losses of a training.

The kernels run on CUDA devices only. Before the first step, both compute small batches in the types
of scores that the training can have; kernels that fail or differ are not used.
"""

import copy
import subprocess
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import Final, NamedTuple

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from segadapt.losses.objective import Objective
from segadapt.losses.parts.fused import fused_loss
from segadapt.losses.parts.label_counts import ignore_or_default
from segadapt.losses.supervised import OnePass, Supervised

CAPABILITY: Final = (8, 0)
"""Compute capability of the oldest GPUs that Triton supports."""

HALF: Final = {"bf16": torch.bfloat16, "16": torch.float16}
"""Types of scores by the first part of Lightning's names of precisions."""

EXACT: Final = 2e-5
"""Largest difference of losses and gradients in single precision, as a fraction of the maximum."""

SIZES: Final = (((19, 33), 4), ((3, 17), 8))
"""Cells and stride of the small batches, at which positions have no rounding error. The first has
several programs along each side, the last ones incomplete; in the second, a program owns more
pixels of a row than it holds at a time."""

FAILURES: Final = (
    *(ImportError, OSError, RuntimeError, ValueError, TypeError, AttributeError, AssertionError),
    subprocess.SubprocessError,
)
"""Errors besides Triton's own: of the driver, the assembler, the C compiler that builds its
launcher, the folder of its cache, or a version with other names. In each case the strips compute
the same."""


class Choice(NamedTuple):
    """The chosen implementation of the pixel losses."""

    kernel: str
    """``strips`` or ``triton``."""
    line: str | None
    """Message at the start; None for no message."""


def choose_kernel(
    objective: Objective, num_classes: int, device: torch.device, precision: str
) -> Choice:
    """Let Triton kernels compute the objective, if requested and correct.

    Args:
        objective: Receives the choice; its terms use it.
        num_classes: Number of classes.
        device: Device of the training.
        precision: Precision of the training, by Lightning's full name.

    Raises:
        ValueError: If ``loss.kernel=triton`` is not possible.
    """
    if objective.kernel == "strips":
        return Choice("strips", None)
    terms = [term for term in objective.modules() if isinstance(term, Supervised) and term.fused]
    obstacle = _obstacle(terms, device, precision)
    reason = obstacle or _failure(terms, num_classes, device, precision)
    if reason is None:
        _use_kernels(terms)
        card = torch.cuda.get_device_name(device)
        return Choice("triton", f"Pixel losses: Triton kernels, equal to the strips on {card}")
    if objective.kernel == "triton":
        raise ValueError(f"loss.kernel=triton is not possible: {reason}; use loss.kernel=strips")
    expected = obstacle is not None and device.type == "cpu"
    return Choice("strips", None if expected else f"Pixel losses: strips, because {reason}")


def _obstacle(terms: Sequence[Supervised], device: torch.device, precision: str) -> str | None:
    """The reason why the kernels cannot run here; None if they can."""
    if not terms:
        return "no term of the loss has a cross-entropy or Dice of this package"
    if device.type != "cuda" or torch.version.cuda is None:
        return f"the training runs on {device.type}, not on a CUDA device"
    if torch.cuda.get_device_capability(device) < CAPABILITY:
        return f"{torch.cuda.get_device_name(device)} is older than compute capability 8.0"
    if precision == "64-true":
        return "scores are in double precision (trainer.precision=64-true)"
    if find_spec("triton") is None:
        return "the package triton is not installed"
    return None


def _failure(
    terms: Sequence[Supervised], num_classes: int, device: torch.device, precision: str
) -> str | None:
    """The problem of the kernels on this device; None if they are correct."""
    half = HALF.get(precision.partition("-")[0])
    types = [torch.float32] if half is None else [torch.float32, half]
    try:
        from triton.errors import TritonError
    except FAILURES as error:
        return _described(error)
    try:
        reasons = [
            difference(term, _kernel_loss(), num_classes, device, dtype)
            for term in terms
            for dtype in types
        ]
    except (TritonError, *FAILURES) as error:
        _check_device(device, error)
        return _described(error)
    return next((reason for reason in reasons if reason is not None), None)


def difference(
    term: Supervised,
    one_pass: OnePass,
    num_classes: int,
    device: torch.device,
    dtype: torch.dtype,
) -> str | None:
    """The difference between another implementation of a term and the strips on small batches.

    Args:
        term: Term whose losses are copied.
        one_pass: The other implementation; repeated calls must give the same bits.
        num_classes: Number of classes.
        device: Device of the trial.
        dtype: Type of the scores.
    """
    reasons = (
        _difference(term, one_pass, [part.to(device) for part in batch], dtype)
        for batch in _batches(term, num_classes)
    )
    return next((reason for reason in reasons if reason is not None), None)


def _difference(
    term: Supervised, one_pass: OnePass, batch: Sequence[Tensor], dtype: torch.dtype
) -> str | None:
    """The difference on one batch: scores and labels."""
    scores, mask = batch
    losses = [copy.deepcopy(loss).to(scores.device) for loss in term.fused]

    def computed(way: OnePass) -> tuple[Tensor, Tensor]:
        leaf = scores.to(dtype, copy=True).requires_grad_()
        loss = way(losses, leaf, mask, term.align_corners, term.group)
        return loss.detach(), torch.autograd.grad(loss, leaf)[0].float()

    theirs, mine, again = computed(fused_loss), computed(one_pass), computed(one_pass)
    tolerance = EXACT if dtype == torch.float32 else torch.finfo(dtype).eps
    for name, right, value in zip(("loss", "gradient"), theirs, mine, strict=True):
        error = ((value - right).abs().max() / right.abs().max().clamp_min(1e-12)).item()
        if not error <= tolerance:  # also if NaN
            return f"the {name} of {dtype} scores differs from that of the strips by {error:.1e}"
    if not all(torch.equal(*pair) for pair in zip(mine, again, strict=True)):
        return f"loss and gradient of {dtype} scores change from call to call"
    return None


def _batches(
    term: Supervised, classes: int
) -> Iterator[tuple[Float[Tensor, "2 k h w"], Integer[Tensor, "2 H W"]]]:
    """Scores and labels; some pixels are ignored, if all losses of the term ignore one label."""
    ignored = {ignore_or_default(loss.ignore, classes) for loss in term.fused}
    draw = torch.Generator().manual_seed(0)  # separate from that of the training
    for cells, stride in SIZES:
        size = [stride * (side - 1) + 1 if term.align_corners else stride * side for side in cells]
        scores = 3 * torch.randn(2, classes, *cells, generator=draw)
        mask = torch.randint(classes, (2, *size), generator=draw)
        if len(ignored) == 1:  # else one of the losses would refuse the other's label
            mask[torch.rand(mask.shape, generator=draw) < 0.1] = min(ignored)
        yield scores, mask


def _kernel_loss() -> OnePass:
    from segadapt.losses.kernels.one_pass import kernel_loss  # imports Triton

    return kernel_loss


def _use_kernels(terms: Sequence[Supervised]) -> None:
    for term in terms:
        term.one_pass = _kernel_loss()


def _check_device(device: torch.device, error: BaseException) -> None:
    """Check that the device still works: a kernel with an invalid access makes it unusable.

    Raises:
        ValueError: If it does not.
    """
    try:
        torch.cuda.synchronize(device)
    except RuntimeError:
        raise ValueError(
            f"the check of the Triton kernels has left {device} unusable ({_described(error)}); "
            "use loss.kernel=strips"
        ) from error


def _described(error: BaseException) -> str:
    """Type and last line of an error; in Triton's errors, this line names the cause."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[-1] if lines else 'without a message'}"
