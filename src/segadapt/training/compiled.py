"""A training step through torch.compile: generator and classifier compiled apart, and checked.

The network itself stays as it is. What is compiled stands beside it and shares its parameters, so
that checkpoints, copies and evaluation know nothing of it. Losses and ``Classifier.update`` stay
outside: their loops over strips and their looks at values would break the graph.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import torch
from jaxtyping import Float, Integer, Num
from torch import Tensor, nn
from torch._dynamo.exc import TorchDynamoException

from segadapt.functional.distributed import max_over_ranks
from segadapt.functional.precision import full_precision
from segadapt.losses.objective import Losses
from segadapt.segmentor import Segmentor, joined
from segadapt.structures import Batch, Prediction

BACKEND: Final = "inductor"

MODES: Final[dict[str, str | None]] = {
    "default": None,
    "max-autotune": "max-autotune-no-cudagraphs",
}
"""Modes of torch.compile by ours. CUDA graphs would keep results in memory that the next part of an
accumulated batch overwrites."""

TOLERANCE: Final = 0.05
"""Distance of a compiled gradient from eager's, relative to its norm: rounding makes 1e-5, TF32
convolutions on a GPU 1e-2, and a wrong derivative about 1."""

SMALL: Final = 1e-3
"""Share of the whole gradient below which the gradient of a tensor is only rounding."""

PART: Final = 4
"""Images that are checked where the training itself is in half precision: in float32 the whole
batch might not fit."""

Forward = Callable[[Tensor, Tensor], Prediction]
"""Images and labels to a prediction."""

Goal = Callable[[Prediction, Tensor], Losses]
"""An objective: what is minimised, of a prediction and its labels."""


class CompiledHalves:
    """Calls a network's generator and classifier as torch.compile makes them.

    Shapes are static, because the crops of a training are. Random numbers are eager's, so that
    dropout is a function of the seed and the step here, too.

    Args:
        model: Network; its modules are compiled at the first call.
        mode: A key of ``MODES``.
        backend: Of torch.compile.
        fullgraph: Whether a half that is more than one graph is an error.
    """

    def __init__(
        self, model: Segmentor, mode: str, backend: str = BACKEND, fullgraph: bool = False
    ) -> None:
        self.model, self.mode = model, mode
        self.pending = True
        """Whether nothing has been compiled yet."""
        options = _options(MODES[mode]) if backend == "inductor" else None

        def compiled(half: nn.Module) -> Callable[..., Any]:
            return torch.compile(
                half, dynamic=False, fullgraph=fullgraph, backend=backend, options=options
            )

        self.generator, self.classifier = compiled(model.generator), compiled(model.classifier)

    def __call__(
        self,
        image: Num[Tensor, "b c H W"],
        mask: Integer[Tensor, "b _ _"] | None = None,
    ) -> Prediction:
        rule = self.model.classifier.cell_label
        return joined(self.generator, self.classifier, image, mask, rule)

    def checked(self, objective: Goal, batch: Batch) -> "CompiledHalves":
        """Itself, whose gradients of the first batch have been compared with eager's.

        Args:
            objective: What is minimised.
            batch: The batch that is trained on next.

        Raises:
            ValueError: If the gradients differ on any rank, or the network cannot be compiled.
        """
        if self.pending:
            device = batch.image.device.type
            part = PART if torch.is_autocast_enabled(device) else None
            try:
                names, errors = gradient_errors(self.model, self, objective, batch, part)
            except TorchDynamoException as error:
                raise ValueError(_cannot(self.mode, error)) from error
            self.pending = False
            _judge(self.mode, names, max_over_ranks(errors).tolist())
        return self


def check_mode(mode: str, deterministic: bool, gpu: bool) -> None:
    """Refuse to compile where runs must be bit-identical and nobody knows that they are.

    Raises:
        ValueError: If deterministic algorithms are asked for on a GPU.
    """
    if deterministic and gpu:
        raise ValueError(
            f"trainer.compile={mode} cannot keep trainer.deterministic=true on a GPU: the compiler "
            "chooses kernels by their time, and traces past the operations that replace those "
            "without a deterministic one. Set trainer.compile=null or trainer.deterministic=false"
        )


def gradient_errors(
    model: Segmentor,
    forward: Forward,
    objective: Goal,
    batch: Batch,
    part: int | None = None,
) -> tuple[list[str], Float[Tensor, "p"]]:
    """How far the gradients of another forward pass are from the network's own, in float32.

    Neither gradients nor buffers nor the state of the random numbers change.

    Args:
        model: Network, in training mode.
        forward: The other way to compute its prediction.
        objective: What is minimised.
        batch: Images and labels.
        part: Images of the batch to use; None for all.

    Returns:
        Names and distances of p tensors, relative to the norms of their gradients. All are 0 where
        the network's own gradients are not finite.
    """
    image = batch.image[:part].contiguous(memory_format=torch.channels_last)
    mask = batch.mask[:part]
    named = {name: value for name, value in model.named_parameters() if value.requires_grad}

    def gradients(compute: Forward) -> list[Tensor]:
        with _unchanged(model, image.device), full_precision(image.device):
            total = objective(compute(image, mask), mask).total
            slopes = torch.autograd.grad(total, list(named.values()), allow_unused=True)
        pairs = zip(slopes, named.values(), strict=True)
        return [torch.zeros_like(weight) if grad is None else grad for grad, weight in pairs]

    own, other = gradients(model), gradients(forward)
    norms = torch.stack([grad.norm() for grad in own])
    apart = torch.stack([(a - b).norm() for a, b in zip(own, other, strict=True)])
    errors = apart / (norms + SMALL * norms.norm()).clamp_min(torch.finfo(norms.dtype).tiny)
    return list(named), errors.where(norms.isfinite().all(), 0.0)


@contextmanager
def _unchanged(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Buffers and random numbers are afterwards what they were."""
    devices = [device] if device.type == "cuda" else []
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    with torch.random.fork_rng(devices):
        try:
            yield
        finally:
            with torch.no_grad():
                for buffer, before in buffers:
                    buffer.copy_(before)


def _options(mode: str | None) -> dict[str, Any]:
    import torch._inductor  # a second, which only compiled trainings pay

    chosen = {} if mode is None else torch._inductor.list_mode_options(mode)
    return {**chosen, "fallback_random": True}


def _judge(mode: str, names: list[str], errors: list[float]) -> None:
    worst = max(range(len(errors)), key=errors.__getitem__)
    if all(error <= TOLERANCE for error in errors):
        return
    wrong = sum(not error <= TOLERANCE for error in errors)
    raise ValueError(
        f"trainer.compile={mode}: torch {torch.__version__} compiles this network into wrong "
        f"gradients ({wrong} of {len(errors)} tensors differ from eager's, {names[worst]} by "
        f"{errors[worst]:.1e} of its norm). Set trainer.compile=null, or use another version of "
        "torch"
    )


def _cannot(mode: str, error: Exception) -> str:
    cause = getattr(error, "inner_exception", error)  # the compiler's own, where one failed
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    return (
        f"trainer.compile={mode}: torch {torch.__version__} cannot compile this network on this "
        f"machine: {lines[0].rstrip('.')}. Set trainer.compile=null"
    )
