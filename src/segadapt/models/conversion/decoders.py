"""From the names below ``decode_head.`` and ``auxiliary_head.`` to ours."""

from typing import Final

from segadapt.models.conversion.rules import CONVOLUTION, SEPARABLE, Rules

UPERNET: Final = Rules(
    (
        (r"^psp_modules\.(\d)\.1\.", r"pooling.pools.\1.convolve."),
        (r"^bottleneck\.", "pooling.bottleneck."),
        (r"^lateral_convs\.", "lateral."),
        (r"^fpn_convs\.", "smooth."),
        (r"^fpn_bottleneck\.", "fuse."),
        *CONVOLUTION,
    )
)

FCN: Final = Rules(((r"^convs\.", "convolve."), (r"^conv_cat\.", "join."), *CONVOLUTION))

DEEPLABV3PLUS: Final = Rules(
    (
        (r"^image_pool\.1\.", "context.branches.0.convolve."),
        *((rf"^aspp_modules\.{i}\.", f"context.branches.{i + 1}.") for i in range(4)),
        (r"^bottleneck\.", "context.bottleneck."),
        (r"^c1_bottleneck\.", "detail."),
        (r"^sep_bottleneck\.", "fuse."),
        *CONVOLUTION,
        *SEPARABLE,
    )
)

OCR: Final = Rules(
    (
        # The first of two cascaded heads scores coarsely.
        (r"^0\.convs\.0\.", "coarse."),
        (r"^0\.conv_seg\.", "score."),
        (r"^1\.object_context_block\.(query|key|value|out)_project\.", r"attend.\1."),
        (r"^1\.object_context_block\.bottleneck\.", "fuse."),
        (r"^1\.bottleneck\.", "reduce."),
        *CONVOLUTION,
    )
)

SEGFORMER: Final = Rules(((r"^convs\.", "lateral."), (r"^fusion_conv\.", "fuse."), *CONVOLUTION))

LIGHTHAM: Final = Rules(
    (
        (r"^hamburger\.ham_in\.conv\.", "hamburger.enter."),
        (r"^hamburger\.ham_out\.", "hamburger.leave."),
        *CONVOLUTION,
    )
)

LIGHT: Final = Rules(
    (
        *((rf"^fuse{i + 1}\.", f"fusions.{i}.") for i in range(3)),
        (r"\.local_embedding\.", ".local."),
        (r"\.global_act\.", ".gate."),
        (r"^linear_fuse\.", "fuse."),
        *CONVOLUTION,
    )
)

# The release builds a second block that no forward pass uses.
AFF: Final = Rules(CONVOLUTION, idle=r"^align\.")

CGRSEG: Final = Rules(
    (
        (r"^trans\.transformer_blocks\.", "context.blocks."),
        (r"^meta\.", "calibrate."),
        (r"^SIM\.(\d)\.fuse1\.", r"gate.\1.local."),
        (r"^SIM\.(\d)\.fuse2\.", r"gate.\1.gate."),
        (r"^conv\.(\d)\.", r"lateral.\1."),
        (r"^linear_fuse\.", "fuse."),
        (r"\.token_mixer\.dwconv_hw\.", ".branch.attention.local."),
        (r"\.token_mixer\.excite\.", ".branch.attention.calibrate."),
        (r"^(context\.blocks|calibrate)\.(\d)\.norm\.", r"\1.\2.branch.norm."),
        (r"\.mlp\.fc1\.", ".branch.widen."),
        (r"\.mlp\.fc2\.", ".branch.narrow."),
        (r"\.gamma$", ".scale"),
        *CONVOLUTION,
    )
)

DECODERS: Final = {
    "UPerNetDecoder": UPERNET,
    "FCNDecoder": FCN,
    "DeepLabV3PlusDecoder": DEEPLABV3PLUS,
    "OCRDecoder": OCR,
    "SegFormerDecoder": SEGFORMER,
    "LightHamDecoder": LIGHTHAM,
    "LightDecoder": LIGHT,
    "AFFDecoder": AFF,
    "CGRSegDecoder": CGRSEG,
}
"""Rules by our class."""

AUXILIARY: Final = Rules(((r"^convs\.0\.", "convolve."), (r"^conv_seg\.", "score."), *CONVOLUTION))
