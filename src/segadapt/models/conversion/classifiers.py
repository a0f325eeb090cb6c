"""From the classifiers inside the releases' decode heads to ours."""

from typing import Final

from segadapt.models.conversion.rules import Rules

FIXED: Final = Rules(((r"^conv_seg\.", "score."),))

CAC: Final = Rules(
    (
        (r"^conv_seg\.", "coarse."),
        (r"^proj\.", "student."),
        (r"^apd_proj\.", "teacher."),
    )
)


SSA: Final = Rules(
    (
        (r"^conv_seg\.", "coarse."),
        (r"^get_feat_pos\.", "position."),
        (r"^center_pos\.", "basis."),
        (r"^center_content_proj\.", "student.semantic."),
        (r"^center_pos_proj\.", "student.spatial."),
        (r"^center_proj\.", "student.mix."),
        (r"^gt_center_content_proj\.", "teacher.semantic."),
        (r"^gt_center_pos_proj\.", "teacher.spatial."),
        (r"^gt_center_proj\.", "teacher.mix."),
    )
)

CLASSIFIERS: Final = {"fixed": FIXED, "cac": CAC, "ssa": SSA}
"""Rules by the name of the classifier group."""

MARKS: Final = {"ssa": "get_feat_pos.weight", "cac": "apd_proj.0.weight"}
"""A tensor of the decode head that no other classifier has."""

GUIDE: Final = "lgc.conv_mask.weight"
"""A tensor of CGRSeg's own classifier, which refines features by prototypes of first scores."""
