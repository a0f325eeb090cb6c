"""From the names below ``backbone.`` to ours."""

from typing import Final

from segadapt.models.conversion.rules import Rules, as_linear, merged_patches, without_grid
from segadapt.models.encoders import afformer, mscan, seaformer, vit_adapter

RESNET: Final = Rules(
    (
        # ResNetV1c: the stem's last normalisation is outside of timm's sequence.
        (r"^stem\.7\.", "bn1."),
        (r"^stem\.", "conv1."),
        (r"^", "body."),
    )
)

HRNET: Final = Rules(((r"^", "body."),))

MOBILENETV2: Final = Rules(
    (
        (r"^conv1\.conv\.", "conv_stem."),
        (r"^conv1\.bn\.", "bn1."),
        *((rf"^layer{i + 1}\.", f"blocks.{i}.") for i in range(7)),
        # The first layer does not expand: depthwise, then down.
        (r"^(blocks\.0\.\d+)\.conv\.0\.conv\.", r"\1.conv_dw."),
        (r"^(blocks\.0\.\d+)\.conv\.0\.bn\.", r"\1.bn1."),
        (r"^(blocks\.0\.\d+)\.conv\.1\.conv\.", r"\1.conv_pw."),
        (r"^(blocks\.0\.\d+)\.conv\.1\.bn\.", r"\1.bn2."),
        (r"\.conv\.0\.conv\.", ".conv_pw."),
        (r"\.conv\.1\.conv\.", ".conv_dw."),
        (r"\.conv\.2\.conv\.", ".conv_pwl."),
        *((rf"\.conv\.{i}\.bn\.", f".bn{i + 1}.") for i in range(3)),
        (r"^", "body."),
    )
)

SWIN: Final = Rules(
    (
        (r"^norm(\d)\.", r"norms.\1."),
        (r"^patch_embed\.projection\.", "patch_embed.proj."),
        # mmsegmentation merges patches at the end of a stage, timm at the start of the next.
        *((rf"^stages\.{i}\.downsample\.", f"layers_{i + 1}.downsample.") for i in range(3)),
        (r"^stages\.", "layers_"),
        (r"\.w_msa\.", "."),
        (r"\.ffn\.layers\.0\.0\.", ".mlp.fc1."),
        (r"\.ffn\.layers\.1\.", ".mlp.fc2."),
        (r"^(?!norms)", "body."),
    ),
    merged_patches,
    # A table of positions, computed in both.
    idle=r"\.relative_position_index$",
)

MIT: Final = Rules(
    (
        *((rf"^layers\.{i}\.0\.", f"patch_embed{i + 1}.") for i in range(4)),
        *((rf"^layers\.{i}\.1\.", f"block{i + 1}.") for i in range(4)),
        *((rf"^layers\.{i}\.2\.", f"norm{i + 1}.") for i in range(4)),
        (r"^(patch_embed\d)\.projection\.", r"\1.proj."),
        (r"\.attn\.attn\.out_proj\.", ".attn.proj."),
        (r"\.attn\.attn\.", ".attn."),
        (r"\.ffn\.layers\.0\.", ".mlp.fc1."),
        (r"\.ffn\.layers\.1\.", ".mlp.dwconv.dwconv."),
        (r"\.ffn\.layers\.4\.", ".mlp.fc2."),
        (r"^", "body."),
    ),
    as_linear,
)

EFFICIENTFORMER: Final = Rules(
    (
        (r"^patch_embed\.0\.", "stem_conv1.conv."),
        (r"^patch_embed\.1\.", "stem_conv1.bn."),
        (r"^patch_embed\.3\.", "stem_conv2.conv."),
        (r"^patch_embed\.4\.", "stem_conv2.bn."),
        # There, stages and the layers before the next one are numbered together.
        *((rf"^network\.{2 * i}\.", f"stages_{i}.blocks.") for i in range(4)),
        *((rf"^network\.{2 * i - 1}\.", f"stages_{i}.downsample.") for i in (1, 2, 3)),
        (r"\.downsample\.(proj|conv)\.", ".downsample.conv.conv."),
        (r"\.downsample\.(norm|bn)\.", ".downsample.conv.bn."),
        (r"\.attention_biases_seg$", ".attention_biases"),
        (r"\.q\.local\.0\.", ".q.local."),
        (r"\.(q|k|v|v_local|stride_conv|q\.proj)\.0\.", r".\1.conv."),
        (r"\.(q|k|v|v_local|stride_conv|q\.proj)\.1\.", r".\1.bn."),
        (r"\.(token_mixer|attn)\.proj\.1\.", r".\1.proj.conv."),
        (r"\.(token_mixer|attn)\.proj\.2\.", r".\1.proj.bn."),
        (r"\.mlp\.(fc[12]|mid)\.", r".mlp.\1.conv."),
        (r"\.mlp\.norm([12])\.", r".mlp.fc\1.bn."),
        (r"\.mlp\.mid_norm\.", ".mlp.mid.bn."),
        (r"\.layer_scale_([12])$", r".ls\1.gamma"),
        (r"^", "body."),
    ),
    without_grid,
    # Scores of distances for the classification network's size, and tables of distances.
    idle=r"\.attention_bias(es|_idxs(_seg)?)$",
)

ENCODERS: Final = {
    "resnet": RESNET,
    "hrnet": HRNET,
    "mobilenetv2": MOBILENETV2,
    "swin": SWIN,
    "mit": MIT,
    "efficientformerv2": EFFICIENTFORMER,
    "MSCAN": Rules(mscan.RENAMES),
    "SeaFormer": Rules(seaformer.RENAMES),
    "AFFormer": Rules(afformer.RENAMES),
    "ViTAdapter": Rules(vit_adapter.RENAMES),
}
"""Rules by the beginning of a library's name of the network, or by our own class."""
