"""Learning rates that fall from the last layer of a vision transformer to its first."""

import re

from torch import nn


class LayerDecay:
    """One factor for each block of a plain ViT, as BEiT and ViT-Adapter fine-tune.

    Block i of n learns at ``rate ** (n - i)``, the patch embedding, the class token and the
    position table at ``rate ** (n + 1)``; everything outside the trunk, such as the adapter and the
    heads, at the full rate.

    Args:
        rate: Ratio of the learning rates of neighbouring blocks.
        depth: Number of blocks of the trunk, n.
        trunk: Name of the ViT in the network.

    Raises:
        ValueError: If the rate is not above 0 and at most 1.
    """

    def __init__(self, rate: float, depth: int, trunk: str = "generator.encoder.body") -> None:
        if not 0 < rate <= 1:
            raise ValueError(f"optimizer.layer_decay.rate={rate}; it must be above 0 and at most 1")
        self.rate, self.depth, self.trunk = rate, depth, trunk
        self.blocks = re.compile(rf"{re.escape(trunk)}\.blocks\.(\d+)\.")
        self.first = re.compile(rf"{re.escape(trunk)}\.(patch_embed\.|(cls_token|pos_embed)$)")

    def factors(self, model: nn.Module) -> dict[str, float]:
        """The factor on the learning rate of every parameter.

        Raises:
            ValueError: If the trunk has another number of blocks.
        """
        names = [name for name, _ in model.named_parameters()]
        numbers = {int(match[1]) for name in names if (match := self.blocks.match(name))}
        if numbers != set(range(self.depth)):
            raise ValueError(
                f"optimizer.layer_decay is for {self.depth} blocks at {self.trunk}, where the "
                f"network has {len(numbers)}; set optimizer.layer_decay.depth, or null for none"
            )
        return {name: self._factor(name) for name in names}

    def _factor(self, name: str) -> float:
        if match := self.blocks.match(name):
            return self.rate ** (self.depth - int(match[1]))
        return self.rate ** (self.depth + 1) if self.first.match(name) else 1.0
