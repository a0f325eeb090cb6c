"""Parts shared by the classifiers of both releases: projectors, cosine scores, centres.

The reference is a plain transcription of the specification: one class after the other, features
normalised and written, masks as dense planes. It shares no code with the package and is the
yardstick of its speed, and a second opinion on its values.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

IGNORE = 255
EPSILON = 1e-12
TAU = 15.0

Weights = Mapping[str, Tensor]
"""Parameters of a classifier by name, as ``named_parameters`` gives them."""


def fixed_scores(weights: Weights, features: Float[Tensor, "b d h w"]) -> Float[Tensor, "b k h w"]:
    """The 1x1 convolution, without dropout."""
    return F.conv2d(features, weights["coarse.weight"], weights["coarse.bias"])


def projected(weights: Weights, name: str, prototypes: Float[Tensor, "*b c"]) -> Tensor:
    """Two linear layers with a ReLU between, called ``name``."""
    hidden = F.linear(prototypes, weights[f"{name}.0.weight"]).relu()
    return F.linear(hidden, weights[f"{name}.2.weight"], weights[f"{name}.2.bias"])


def cosine_scores(
    features: Float[Tensor, "b d h w"], prototypes: Float[Tensor, "b k d"]
) -> Float[Tensor, "b k h w"]:
    """Tau times the cosine, from normalised features and prototypes."""
    units = features / (features.norm(dim=1, keepdim=True) + EPSILON)
    wanted = prototypes / (prototypes.norm(dim=2, keepdim=True) + EPSILON)
    return TAU * (wanted @ units.flatten(2)).unflatten(2, features.shape[2:])


def soft_centers(
    coarse: Float[Tensor, "b k h w"], features: Float[Tensor, "b d h w"]
) -> Float[Tensor, "b k d"]:
    """Mean feature of each class, weighted by its probability."""
    shares = coarse.softmax(1).flatten(2)
    sums = shares @ features.flatten(2).transpose(1, 2)
    return sums / (shares.sum(2, keepdim=True) + EPSILON)


def label_centers(
    features: Float[Tensor, "b d h w"], target: Int[Tensor, "b h w"], fixed: Float[Tensor, "k d"]
) -> Float[Tensor, "k d"]:
    """Mean feature of each class over all images; the detached fixed row for an absent class."""
    centers = fixed.detach().clone()
    for label in target.unique():
        if label == IGNORE:
            continue
        plane = (target == label).to(features.dtype)[:, None]
        total = (features * plane).sum(dim=(0, 2, 3))
        centers[label] = total / (plane.sum() + EPSILON)
    return centers


def shrunk(mask: Int[Tensor, "b H W"], height: int, width: int) -> Int[Tensor, "b h w"]:
    """Labels on the feature grid, by the nearest neighbour."""
    resized = F.interpolate(mask[:, None].float(), size=(height, width), mode="nearest")
    return resized[:, 0].long()


def beside(
    left: Float[Tensor, "*left k d"], right: Float[Tensor, "*right k d"], images: int
) -> Float[Tensor, "b k c"]:
    """Both along the channels, repeated for each image where they are not per image."""
    shape = (images, *left.shape[-2:])
    return torch.cat([left.expand(shape), right.expand(shape)], dim=2)
