import pytest
import torch

from segadapt.classifiers.cac import CACClassifier
from segadapt.classifiers.parts.cac_forms import FORMS

ROWS = [  # CAC Table 5: teacher, student, and A as printed, with theta a projector
    ("plain", lambda theta, context, fixed: context),
    ("plain_sum", lambda theta, context, fixed: context + fixed),
    ("projected", lambda theta, context, fixed: theta(context)),
    ("projected_sum", lambda theta, context, fixed: theta(context + fixed)),
    ("concatenated", lambda theta, context, fixed: theta(torch.cat([context, fixed], 2))),
    ("residual", lambda theta, context, fixed: theta(torch.cat([context, fixed], 2)) + fixed),
    ("unadapted", lambda theta, context, fixed: fixed),
]


@pytest.mark.parametrize(("form", "formula"), ROWS)
def test_a_form_is_its_row_of_table_5(form, formula):
    torch.manual_seed(1)
    classifier = CACClassifier(4, 3, student_form=form, teacher_form=form, oracle_group=1)
    features, target = torch.randn(2, 4, 3, 3), torch.randint(0, 3, (2, 3, 3))
    classifier.eval()
    prediction = classifier(features, target)
    shares = prediction.coarse.logits.softmax(1)[:, :, None]
    labels = torch.stack([target == k for k in range(3)], 1)[:, :, None].float()
    fixed = classifier.coarse.weight[:, :, 0, 0].expand(2, -1, -1)
    for branch, theta, weights in (
        (prediction.student, classifier.student, shares),
        (prediction.teacher, classifier.teacher, labels),
    ):
        context = (weights * features[:, None]).sum((3, 4)) / weights.sum((3, 4))
        torch.testing.assert_close(branch.semantic, formula(theta, context, fixed))


def test_every_form_is_a_row():
    assert {form for form, _ in ROWS} == set(FORMS)


@pytest.mark.parametrize("form", ["plain", "plain_sum", "unadapted"])
def test_forms_without_theta_have_no_parameters_for_it(form):
    assert not list(CACClassifier(4, 3, student_form=form).student.parameters())
