import contract
import golden
import pixel_loops
import pytest
import release_style
import torch
from golden import VALUES
from presets import preset
from torch.nn import functional as F

from segadapt.classifiers.cac import CACClassifier
from segadapt.structures import IGNORE


def _small(images=3, **hyper):
    torch.manual_seed(1)
    classifier = CACClassifier(4, 3, **{"dropout": 0.0, **hyper})
    torch.nn.init.normal_(classifier.coarse.weight)
    features = torch.randn(images, 4, 3, 2, requires_grad=True)
    target = torch.randint(0, 2, (images, 3, 2))  # class 2 is absent
    target[0, 0] = IGNORE
    return classifier, features, target


@pytest.mark.parametrize(("key", "branch"), [("p", "coarse"), ("pp", "student"), ("py", "teacher")])
def test_logits_are_those_of_the_release(key, branch):
    prediction = golden.cac(**{**preset("cac"), "dropout": 0.0})(golden.features(), golden.target())
    logits = getattr(prediction, branch).logits
    for image, row, column in ((0, 5, 7), (1, 12, 20)):
        name = f"{key}_[{image},:,{row},{column}]"
        if name in VALUES["cac"]:
            expected = torch.tensor(VALUES["cac"][name])
            torch.testing.assert_close(logits[image, :, row, column], expected, rtol=0, atol=1e-5)
    if key != "p":
        assert logits.double().sum().item() == pytest.approx(VALUES["cac"][f"{key}_sum"], abs=0.01)
        total = logits.double().abs().sum().item()
        assert total == pytest.approx(VALUES["cac"][f"{key}_abs"], abs=0.01)


def test_teacher_of_the_golden_batch_has_the_released_cross_entropy_and_not_the_per_image_one():
    def loss(group):
        logits = golden.cac(oracle_group=group)(golden.features(), golden.target()).teacher.logits
        large = F.interpolate(logits, size=(80, 96), mode="bilinear", align_corners=True)
        return F.cross_entropy(large, golden.mask(), ignore_index=IGNORE).item()

    assert loss(4) == pytest.approx(VALUES["cac"]["oracle_ce"], abs=1e-6)
    assert loss(1) == pytest.approx(VALUES["cac"]["WRONG_per_image_oracle_ce"], abs=1e-6)


@pytest.mark.parametrize("name", ["cac", "cac_paper"])
@pytest.mark.parametrize("group", [None, 2])
def test_values_and_gradients_are_those_of_loops_over_pixels_and_classes(name, group):
    hyper = {**preset(name), "dropout": 0.0}
    if group is not None:
        hyper["oracle_group"] = group
    classifier, features, target = _small(**hyper)
    classifier, features = classifier.double(), features.detach().double().requires_grad_()
    prediction = classifier(features, target)
    ours = (
        prediction.coarse.logits,
        prediction.student.logits,
        prediction.teacher.logits,
        prediction.student.semantic,
        prediction.teacher.semantic,
    )
    loops = pixel_loops.cac(classifier, features, target, group=hyper["oracle_group"])
    theirs = (loops.coarse, loops.student, loops.teacher, loops.semantic, loops.teacher_semantic)
    torch.testing.assert_close(ours, theirs)

    weights = [torch.randn_like(x) for x in ours]
    inputs = [features, *classifier.parameters()]

    def gradients(outputs):
        return torch.autograd.grad(
            sum((w * x).sum() for w, x in zip(weights, outputs, strict=True)), inputs
        )

    torch.testing.assert_close(gradients(ours), gradients(theirs))


def test_values_are_those_of_the_release_style_code_with_the_same_dropout():
    classifier, features, target = _small(dropout=0.5)
    torch.manual_seed(3)
    prediction = classifier(features, target)
    torch.manual_seed(3)
    expected = release_style.cac(classifier, features, target)
    ours = (prediction.coarse.logits, prediction.student.logits, prediction.teacher.logits)
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5)


def test_gradients_reach_what_the_release_lets_them_reach():
    classifier, features, target = _small()
    prediction = classifier(features, target)
    both = {"features", "coarse.weight"}
    student = {"student.0.weight", "student.2.weight", "student.2.bias"}
    teacher = {name.replace("student", "teacher") for name in student}
    reached = {
        name: contract.reached(classifier, getattr(prediction, name).logits, features)
        for name in ("coarse", "student", "teacher")
    }
    assert reached["coarse"] == both | {"coarse.bias"}
    assert reached["student"] == both | {"coarse.bias"} | student
    assert reached["teacher"] == both | teacher


def test_absent_classes_give_the_fixed_weight_without_gradient():
    classifier, features, target = _small(teacher_form="plain", oracle_group=None)
    teacher = classifier(features, target).teacher
    assert torch.equal(teacher.semantic[0, 2], classifier.coarse.weight[2, :, 0, 0])
    assert contract.reached(classifier, teacher.logits, features) == {"features"}


def test_a_smaller_last_group_equals_its_images_alone():
    classifier, features, target = _small(images=5, oracle_group=3)
    whole, alone = classifier(features, target), classifier(features[3:], target[3:])
    torch.testing.assert_close(whole.teacher.logits[3:], alone.teacher.logits)


def test_images_of_a_group_share_the_teachers_prototypes_and_others_do_not():
    classifier, features, target = _small(images=3, oracle_group=2)
    first, second, third = classifier(features, target).teacher.semantic
    assert torch.equal(first, second)
    assert not torch.allclose(first, third)


def test_there_is_no_teacher_without_labels_and_labels_leave_the_student_alone():
    classifier, features, target = _small()
    without, given = classifier(features), classifier(features, target)
    assert without.teacher is None
    assert torch.equal(without.student.logits, given.student.logits)
    assert torch.equal(without.coarse.logits, given.coarse.logits)


def test_a_classifier_built_without_teacher_has_none_with_labels_and_the_same_student():
    torch.manual_seed(0)
    full = CACClassifier(4, 3)
    torch.manual_seed(0)
    bare = CACClassifier(4, 3, with_teacher=False).eval()
    _, features, target = _small()
    assert bare(features, target).teacher is None
    assert torch.equal(bare(features).student.logits, full.eval()(features).student.logits)
    assert not [name for name in bare.state_dict() if name.startswith("teacher")]


def test_scores_are_cosines_times_tau():
    classifier, features, target = _small(tau=5.0)
    prediction = classifier(features, target)
    assert prediction.student.logits.abs().max() <= 5.0001
    assert prediction.teacher.logits.abs().max() <= 5.0001


def test_dropout_acts_on_the_coarse_scores_and_not_on_the_pooled_features():
    classifier, features, _ = _small(dropout=0.5, student_form="plain")
    coarse = classifier(features).coarse.logits
    pooled = classifier(features).student.semantic
    assert not torch.equal(coarse, classifier.eval()(features).coarse.logits)
    # A mean of undropped features stays inside their range, whatever weighs it.
    assert (pooled.amax((0, 1)) <= features.amax((0, 2, 3))).all()


@pytest.mark.parametrize("case", contract.awkward_inputs())
@pytest.mark.parametrize("autocast", [False, True])
def test_awkward_inputs_train_with_finite_numbers(case, autocast):
    torch.manual_seed(0)
    classifier = CACClassifier(4, 3)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        contract.assert_finite_training(classifier, *contract.awkward_inputs()[case])


@pytest.mark.parametrize(("channels", "classes"), [(4, 1), (2, 7), (1, 3)])
def test_one_class_and_fewer_channels_than_classes(channels, classes):
    target = torch.randint(0, classes, (3, 2, 2))
    features = torch.randn(3, channels, 2, 2)
    contract.assert_finite_training(CACClassifier(channels, classes), features, target)


def test_half_precision_is_close_to_single():
    classifier, features, target = _small()
    exact = classifier(features, target).student.logits
    with torch.autocast("cpu", torch.bfloat16):
        rough = classifier(features, target).student.logits
    assert rough.dtype == torch.float32
    torch.testing.assert_close(rough, exact, rtol=0.05, atol=0.5)


def test_a_whole_model_in_half_precision_runs():
    classifier, features, target = _small()
    prediction = classifier.bfloat16()(features.bfloat16(), target)
    assert all(x.isfinite().all() for x in contract.tensors(prediction))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_logits_are_channels_last_whatever_the_features_are(layout):
    classifier, features, target = _small()
    prediction = classifier(features.contiguous(memory_format=layout), target)
    for branch in contract.branches(prediction):
        assert branch.logits.is_contiguous(memory_format=torch.channels_last)


def test_the_release_adds_787456_parameters_at_width_512():
    classifier = CACClassifier(512, 150)
    fixed = sum(p.numel() for p in classifier.coarse.parameters())
    assert sum(p.numel() for p in classifier.parameters()) - fixed == 787_456


@pytest.mark.parametrize(
    ("score", "coarse_score"), [("dot", "dot"), ("cosine", "dot"), ("cosine", "cosine")]
)
def test_table_4_scores_are_the_similarities_of_torch(score, coarse_score):
    classifier, features, target = _small(score=score, coarse_score=coarse_score)
    prediction = classifier(features, target)

    def similarity(kind, prototypes):
        pixels = features[:, None]
        prototypes = prototypes[..., None, None]
        if kind == "dot":
            return (pixels * prototypes).sum(2)
        return 15 * F.cosine_similarity(pixels, prototypes, dim=2)

    student = similarity(score, prediction.student.semantic)
    coarse = similarity(coarse_score, classifier.coarse.weight[None, :, :, 0, 0])
    torch.testing.assert_close(prediction.student.logits, student, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(prediction.coarse.logits, coarse, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("tau", 0.0),
        ("oracle_group", 0),
        ("score", "euclid"),
        ("coarse_score", "euclid"),
        ("student_form", "none"),
        ("teacher_form", "none"),
    ],
)
def test_a_wrong_setting_is_named(setting, value):
    with pytest.raises(ValueError, match=rf"classifier\.{setting}.*{value}"):
        CACClassifier(4, 3, **{setting: value})


def test_no_classes_is_refused():
    with pytest.raises(ValueError, match=r"0 classes.*data\.num_classes"):
        CACClassifier(4, 0)


@pytest.mark.parametrize("flows", [True, False])
def test_gradient_of_the_student_reaches_the_coarse_scores_only_where_it_may(flows):
    contract.assert_coarse_gradient(CACClassifier, flows)
