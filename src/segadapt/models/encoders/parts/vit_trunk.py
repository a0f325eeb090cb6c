"""timm's plain vision transformers as a trunk for other networks."""

from typing import cast

import timm
import torch.nn.functional as F
from jaxtyping import Float
from timm.layers import LayerScale, set_fused_attn
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from segadapt.models.pretrained.download_errors import explained
from segadapt.models.pretrained.tags import check_published, show, timm_tag
from segadapt.models.pretrained.timm_file import load_local


def trunk(name: str, pretrained: bool, weights: str | None, drop_path: float) -> VisionTransformer:
    """The patch embedding, position table and blocks of a timm ViT, under timm's names.

    The class token and everything after the blocks are removed.

    Args:
        name: timm's name of the network.
        pretrained: Start from the weights that timm publishes.
        weights: Start from this downloaded file instead.
        drop_path: Stochastic depth of the last block, growing linearly from 0 at the first.

    Raises:
        ValueError: If timm has no such plain ViT with a position table, or its weights are
            unavailable or do not fit.
    """
    if not timm.is_model(name.partition(".")[0]):
        raise ValueError(f"timm has no model {name}; timm.list_models('vit_*') names its ViTs")
    set_fused_attn(True, experimental=True)  # read by timm when a network is built
    tag, fetched = timm_tag(name), pretrained and weights is None
    if fetched:
        check_published(name, tag)
    with explained(name):
        body = timm.create_model(name, fetched, num_classes=0, drop_path_rate=drop_path)
    if fetched:
        show(name, tag)
    # Families of timm share no interface that says what their blocks take.
    if type(body) is not VisionTransformer or body.pos_embed is None:
        raise ValueError(
            f"{name} is not a plain ViT with a position table, which this encoder builds on; "
            "choose one like vit_base_patch16_384.augreg_in21k_ft_in1k"
        )
    if weights is not None:
        load_local(body, name, weights, {"num_classes": 0})
    body.cls_token = body.reg_token = None
    body.norm = body.fc_norm = nn.Identity()
    return body


def scale_layers(body: VisionTransformer, start: float) -> None:
    """Add a learned scale per channel after both branches of every block without one.

    Args:
        body: Changed in place.
        start: Initial value of the scales.
    """
    for block in body.blocks:
        if type(block.ls1) is nn.Identity:
            block.ls1, block.ls2 = (LayerScale(body.embed_dim, start) for _ in range(2))


def embed(
    body: VisionTransformer, image: Float[Tensor, "b c H W"]
) -> tuple[Float[Tensor, "b n d"], tuple[int, int]]:
    """Tokens of the patches of an image with their positions, and their rows and columns.

    The position table is resized bicubically; its slots for other tokens are not used.

    Args:
        body: The transformer.
        image: Image with a whole number of patches.
    """
    patches = cast(nn.Conv2d, body.patch_embed.proj)(image)
    size = patches.shape[2], patches.shape[3]
    tokens = body.patch_embed.norm(patches.flatten(2).transpose(1, 2))
    return body.norm_pre(body.pos_drop(tokens + _positions(body, size))), size


def _positions(body: VisionTransformer, size: tuple[int, int]) -> Float[Tensor, "1 n d"]:
    rows, columns = cast(tuple[int, int], body.patch_embed.grid_size)
    table = cast(Tensor, body.pos_embed)[:, -rows * columns :]
    if size == (rows, columns):
        return table
    image = table.transpose(1, 2).unflatten(-1, (rows, columns))
    return F.interpolate(image, size, mode="bicubic").flatten(2).transpose(1, 2)
