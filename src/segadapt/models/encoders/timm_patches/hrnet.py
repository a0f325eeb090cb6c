"""HRNet's fusion as the segmentation networks were trained with, in timm's network.

Wang et al., "Deep High-Resolution Representation Learning" (TPAMI 2020). timm fuses by nearest
neighbours and by fixed factors; mmsegmentation bilinearly and to the size of the finer map, which
takes images of any size.
"""

import torch
from jaxtyping import Float
from timm.models.hrnet import HighResolutionModule
from torch import Tensor, nn

from segadapt.functional.resize import upsample


def fuse_bilinearly(network: nn.Module) -> None:
    """Replace the fusion of every module of a timm HRNet; parameters and names stay the same."""
    for name, module in list(network.named_modules()):
        if type(module) is HighResolutionModule and module.num_branches > 1:
            network.set_submodule(name, BilinearModule(module), strict=True)


class BilinearModule(nn.Module):
    """Parallel branches, then every branch becomes the sum of all, resized to its size.

    Args:
        module: timm's, whose layers this one takes over.
    """

    def __init__(self, module: HighResolutionModule) -> None:
        super().__init__()
        self.branches, self.fuse_layers = module.branches, module.fuse_layers
        self.fuse_act = module.fuse_act
        for layer in self.fuse_layers.modules():
            if type(layer) is nn.Upsample:
                layer.mode, layer.align_corners = "bilinear", False

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        maps = [branch(level) for branch, level in zip(self.branches, maps, strict=True)]
        return [self._fuse(i, maps) for i in range(len(self.fuse_layers))]

    def _fuse(self, index: int, maps: list[Tensor]) -> Float[Tensor, "b _ h w"]:
        size = maps[index].shape[2:]
        parts = [layer(level) for layer, level in zip(self.fuse_layers[index], maps, strict=True)]
        # Odd sizes: a map doubled is one row too long. mmsegmentation resizes it once more.
        parts = [part if _fits(part, size) else upsample(part, size) for part in parts]
        return self.fuse_act(sum(parts[1:], parts[0]))


def _fits(part: Tensor, size: torch.Size) -> bool:
    """Whether a map has a size; not asked while a program for images of any size is exported."""
    return not torch.compiler.is_exporting() and part.shape[2:] == size
