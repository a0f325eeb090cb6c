"""A training step with torch.compile: generator and classifier compiled separately.

The network itself does not change. The compiled functions share its parameters, so checkpoints,
copies and evaluation are not affected. Losses and ``Classifier.update`` are not compiled: their
loops over strips and data-dependent branches would break the graph.
"""

from collections.abc import Callable
from typing import Any, Final

import torch
from jaxtyping import Integer, Num
from torch import Tensor, nn
from torch._dynamo.exc import TorchDynamoException

from segadapt.losses.objective import Objective
from segadapt.segmentor import Segmentor, joined
from segadapt.structures import Batch, Prediction
from segadapt.training.gradient_check import FEW, Verdict, compared

BACKEND: Final = "inductor"

MODES: Final[dict[str, str | None]] = {
    "default": None,
    "max-autotune": "max-autotune-no-cudagraphs",
}
"""Options of torch.compile by ``trainer.compile``, without CUDA graphs, which would keep results in
memory that the next part of an accumulated batch overwrites."""


class CompiledHalves:
    """Calls the compiled generator and classifier of a network.

    Shapes are static, because the crops of a training are. Random numbers are those of uncompiled
    execution, so that dropout remains a function of the seed and the step.

    Args:
        model: Network; its modules are compiled at the first call.
        mode: A key of ``MODES``.
        backend: Backend of torch.compile.
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

    def checked(self, objective: Objective, batch: Batch) -> "CompiledHalves":
        """Itself, after comparing the gradients of the first batch with uncompiled ones in float32.

        Under autocast the steps run other graphs, which are compiled later and never checked:
        networks exist whose gradients in half precision are mostly rounding, so that no tolerance
        would tell a wrong derivative from it. The check then covers what both kinds of graphs
        share: the traced network and its derivative, for ``FEW`` images.

        Args:
            objective: The minimised loss.
            batch: The next training batch.

        Raises:
            ValueError: If the gradients are wrong on any rank, or the network cannot be compiled.
        """
        if self.pending:
            device = batch.image.device.type
            # Under autocast, because the whole batch might not fit in float32.
            part = FEW if torch.is_autocast_enabled(device) else None
            try:
                verdict = compared(self.model, self, objective, batch, part)
            except TorchDynamoException as error:
                raise ValueError(_cannot(self.mode, error)) from error
            self.pending = False
            if verdict.wrong:
                raise ValueError(_wrong(self.mode, verdict))
        return self


def check_mode(mode: str, deterministic: bool, gpu: bool) -> None:
    """Refuse to compile if runs must be bit-identical, which cannot be guaranteed.

    Raises:
        ValueError: If deterministic algorithms are requested on a GPU.
    """
    if deterministic and gpu:
        raise ValueError(
            f"trainer.compile={mode} cannot keep trainer.deterministic=true on a GPU: the compiler "
            "chooses kernels by their time, and traces past the operations that replace those "
            "without a deterministic one. Set trainer.compile=null or trainer.deterministic=false"
        )


def _options(mode: str | None) -> dict[str, Any]:
    import torch._inductor  # imports slowly, for compiled trainings only

    chosen = {} if mode is None else torch._inductor.list_mode_options(mode)
    return {**chosen, "fallback_random": True}


def _wrong(mode: str, verdict: Verdict) -> str:
    worst = verdict.wrong[0]
    return (
        f"trainer.compile={mode}: torch {torch.__version__} compiles this network into wrong "
        f"gradients ({len(verdict.wrong)} of {len(verdict.names)} tensors differ from double "
        f"precision, {verdict.names[worst]} by {verdict.errors[worst]:.1e} of its norm; eager "
        f"execution by {verdict.own[worst]:.1e}). Set trainer.compile=null, or use another version "
        "of torch"
    )


def _cannot(mode: str, error: Exception) -> str:
    cause = getattr(error, "inner_exception", error)  # the compiler's own error, if there is one
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    return (
        f"trainer.compile={mode}: torch {torch.__version__} cannot compile this network on this "
        f"machine: {lines[0].rstrip('.')}. Set trainer.compile=null"
    )
