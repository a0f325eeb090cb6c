"""Label maps as binary masks."""

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from segadapt.structures import ignored_label


def one_hot(
    mask: Integer[Tensor, "b h w"], num_classes: int, dtype: torch.dtype = torch.float32
) -> Float[Tensor, "b k h w"]:
    """Binary class masks, channels-last; ignored pixels belong to no class.

    Args:
        mask: Labels.
        num_classes: Number of classes.
        dtype: Data type of the masks; all represent 0 and 1 exactly.
    """
    classes = torch.arange(num_classes, device=mask.device)
    planes = (mask[..., None] == classes) & (mask != ignored_label(num_classes))[..., None]
    return planes.to(dtype).movedim(-1, 1)
