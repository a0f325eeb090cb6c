"""Networks stated under their authors' names: the statement draws the checkpoint it needs."""

import torch
import torch.nn.functional as F
from torch import Tensor


class Checkpoint:
    """Applies layers whose weights are drawn when a statement first names them."""

    def __init__(self) -> None:
        self.state: dict[str, Tensor] = {}

    def draw(self, name: str, *shape: int, offset: float = 0.0) -> Tensor:
        if name not in self.state:
            self.state[name] = offset + 0.5 * torch.rand(shape) - 0.25
        return self.state[name]

    def conv(
        self,
        x: Tensor,
        name: str,
        out: int,
        kernel=1,
        bias: bool = False,
        groups: int = 1,
        **options,
    ) -> Tensor:
        kernel = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        weight = self.draw(f"{name}.weight", out, x.shape[1] // groups, *kernel)
        shift = self.draw(f"{name}.bias", out) if bias else None
        padding = tuple(side // 2 for side in kernel)
        return F.conv2d(x, weight, shift, padding=padding, groups=groups, **options)

    def batch_norm(self, x: Tensor, name: str) -> Tensor:
        width = x.shape[1]
        mean = self.draw(f"{name}.running_mean", width)
        variance = self.draw(f"{name}.running_var", width, offset=1.0)
        weight = self.draw(f"{name}.weight", width, offset=1.0)
        bias = self.draw(f"{name}.bias", width)
        self.state.setdefault(f"{name}.num_batches_tracked", torch.tensor(7))
        column = (slice(None), None, None)
        return (x - mean[column]) / (variance[column] + 1e-5).sqrt() * weight[column] + bias[column]

    def layer_norm(self, x: Tensor, name: str, eps: float) -> Tensor:
        width = x.shape[-1]
        weight = self.draw(f"{name}.weight", width, offset=1.0)
        bias = self.draw(f"{name}.bias", width)
        centred = x - x.mean(-1, keepdim=True)
        return centred / (centred.square().mean(-1, keepdim=True) + eps).sqrt() * weight + bias

    def linear(self, x: Tensor, name: str, out: int) -> Tensor:
        return x @ self.draw(f"{name}.weight", out, x.shape[-1]).T + self.draw(f"{name}.bias", out)
