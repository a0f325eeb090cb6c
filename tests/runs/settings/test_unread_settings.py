"""Settings that were typed but are not read."""

import re

import pytest
from compositions import composed

from segadapt.runs.settings.settle import settle
from segadapt.runs.settings.unread import check_unread

SMALL = ("data=synthetic", "model=tiny_group", "trainer=cpu", "paths.run=run")


def checked(*words):
    check_unread(settle(composed(*SMALL, *words)), words)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("classifier=ssa_paper", "classifier.tau=5"), "classifier.score=dot"),
        (("classifier=fixed", "classifier.tau=20"), "classifier.score=dot"),
        (
            ("classifier=cac", "classifier.score=dot", "classifier.tau=3"),
            "classifier.score=dot and classifier.coarse_score=dot",
        ),
        (
            ("classifier=cac", "classifier.with_teacher=false", "classifier.cell_label=center"),
            "classifier.with_teacher=false",
        ),
        (
            (
                "classifier=cac",
                "experiment=confound_student_only_cac",
                "classifier.teacher_form=plain",
            ),
            "classifier.with_teacher=false",
        ),
        (
            ("classifier=ssa", "classifier.spatial=false", "classifier.position=learnable"),
            "classifier.spatial=false",
        ),
        (("classifier=ssa", "classifier.position_size=32"), "classifier.position=conditional"),
        (("data.rare_threshold=0.3",), "data.rare=none"),
        (
            (
                "classifier=ssa",
                "loss.terms.response.boundary=none",
                "loss.terms.response.edge_size=9",
            ),
            "loss.terms.response.boundary=none",
        ),
        (
            (
                "classifier=ssa",
                "loss.terms.response.entropy=false",
                "loss.terms.response.entropy_source=coarse",
            ),
            "loss.terms.response.entropy=false",
        ),
        (("schedule.warmup=0", "schedule.warmup_ratio=0.5"), "schedule.warmup=0"),
        (
            ("classifier=ssa", "loss.weights.spatial=0", "loss.terms.spatial.swapped=true"),
            "loss.weights.spatial=0",
        ),
        (
            ("classifier=ssa", "classifier.with_teacher=false", "loss.terms.response.border=1"),
            "classifier.with_teacher=false",
        ),
    ],
)
def test_a_typed_setting_without_effect_is_refused(words, reason):
    checked(*words[:-1])
    said = (
        f"{words[-1]} has no effect, because {reason}; remove it, or change {reason.split('=')[0]}"
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        checked(*words)


@pytest.mark.parametrize(
    "words",
    [
        (
            "classifier=cac",
            "classifier.coarse_score=cosine",
            "classifier.score=dot",
            "classifier.tau=3",
        ),
        ("classifier=ssa", "classifier.tau=3", "classifier.position=learnable"),
        ("classifier=ssa", "classifier.position=learnable", "classifier.position_size=32"),
        ("classifier=ssa_aligned", "classifier.with_teacher=false"),  # the option sets cell labels
        ("experiment=confound_cosine", "classifier.tau=20"),
        ("classifier=ssa", "loss.terms.spatial.swapped=true"),
        ("data.rare=repeat", "data.rare_threshold=0.3"),
        ("classifier=gmmseg", "loss.terms.contrast.tau=2"),
    ],
)
def test_settings_that_are_read_are_accepted(words):
    checked(*words)
