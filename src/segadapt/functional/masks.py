"""Label maps as binary masks."""

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from segadapt.structures import IGNORE


def one_hot(mask: Int[Tensor, "b h w"], num_classes: int) -> Float[Tensor, "b k h w"]:
    """Binary class masks; ignored pixels belong to no class."""
    valid = mask != IGNORE
    planes = F.one_hot(mask.where(valid, 0), num_classes) * valid[..., None]
    return planes.movedim(-1, 1).float()
