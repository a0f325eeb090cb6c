"""Networks without numbers, to count what they would do without doing it."""

import copy

import torch
from jaxtyping import Float
from torch import Tensor

from segadapt.segmentor import Segmentor


def on_meta(model: Segmentor) -> Segmentor:
    """A copy for inference whose tensors have shapes but no values."""
    # torch's counter cannot follow parameters that want gradients into a module's arguments.
    return copy.deepcopy(model).to("meta").eval().requires_grad_(False)


def meta_image(height: int, width: int, channels: int = 3) -> Float[Tensor, "1 _ H W"]:
    """One image without pixels."""
    return torch.empty(1, channels, height, width, device="meta")
