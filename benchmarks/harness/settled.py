"""Statistics of batch norm in untrained networks."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


def settle_batch_norm(network: nn.Module, images: Float[Tensor, "b 3 H W"]) -> None:
    """Give batch norm the statistics of a batch, as a training would.

    With others, scores of deep networks grow beyond what float32 resolves.

    Args:
        network: Changed in place; in evaluation mode afterwards.
        images: Normalised images.
    """
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    network.train()
    with torch.no_grad():
        network(images)
    network.eval()
