import contract
import golden
import pixel_loops
import pytest
import release_style
import torch
from golden import VALUES
from presets import preset
from torch.nn import functional as F

from segadapt.classifiers.ssa import SSAClassifier
from segadapt.structures import IGNORE


def _small(images=3, **hyper):
    torch.manual_seed(1)
    classifier = SSAClassifier(4, 3, **{"dropout": 0.0, **hyper})
    torch.nn.init.normal_(classifier.coarse.weight)
    features = torch.randn(images, 4, 3, 2, requires_grad=True)
    target = torch.randint(0, 2, (images, 3, 2))  # class 2 is absent
    target[0, 0] = IGNORE
    return classifier, features, target


def _golden():
    return golden.ssa(**{**preset("ssa"), "dropout": 0.0})(golden.features(), golden.target())


@pytest.mark.parametrize(("key", "branch"), [("O", "student"), ("Ohat", "teacher")])
def test_logits_are_those_of_the_release(key, branch):
    logits = getattr(_golden(), branch).logits
    for image, row, column in ((0, 5, 7), (1, 12, 20)):
        expected = torch.tensor(VALUES["ssa"][f"{key}_[{image},:,{row},{column}]"])
        torch.testing.assert_close(logits[image, :, row, column], expected, rtol=0, atol=1e-5)
    assert logits.double().sum().item() == pytest.approx(VALUES["ssa"][f"{key}_sum"], abs=0.01)
    total = logits.double().abs().sum().item()
    assert total == pytest.approx(VALUES["ssa"][f"{key}_abs"], abs=0.01)


@pytest.mark.parametrize(
    ("key", "branch", "domain", "image", "label"),
    [
        ("S_p", "student", "semantic", 0, 2),
        ("P_p", "student", "spatial", 0, 2),
        ("Shat_p", "teacher", "semantic", 0, 2),
        ("Phat_p", "teacher", "spatial", 1, 1),
    ],
)
def test_prototypes_are_those_of_the_release(key, branch, domain, image, label):
    prototypes = getattr(getattr(_golden(), branch), domain)
    expected = torch.tensor(VALUES["ssa"][f"{key}_[{image},{label},:]"])
    torch.testing.assert_close(prototypes[image, label], expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["ssa", "ssa_paper"])
@pytest.mark.parametrize("group", [None, 2])
def test_values_and_gradients_are_those_of_loops_over_pixels_and_classes(name, group):
    hyper = {**preset(name), "dropout": 0.0}
    if group is not None:
        hyper["oracle_group"] = group
    classifier, features, target = _small(**hyper)
    classifier, features = classifier.double(), features.detach().double().requires_grad_()
    prediction = classifier(features, target)
    student, teacher = prediction.student, prediction.teacher
    ours = (prediction.coarse.logits, student.logits, teacher.logits)
    ours += (student.semantic, student.spatial, teacher.semantic, teacher.spatial)
    theirs = tuple(
        pixel_loops.ssa(
            classifier,
            features,
            target,
            group=hyper["oracle_group"],
            paper=name == "ssa_paper",
        )
    )
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
    expected = release_style.ssa(classifier, features, target)
    ours = (prediction.coarse.logits, prediction.student.logits, prediction.teacher.logits)
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5)


SHARED = {"features", "coarse.weight"}
PLACE = {"position.weight", "position.bias", "basis.weight"}


def _projector(name):
    return {f"{name}.0.weight", f"{name}.2.weight", f"{name}.2.bias"}


def _branch(name):
    mix = {f"{name}.mix.weight"}
    return mix | _projector(f"{name}.semantic") | _projector(f"{name}.spatial")


@pytest.mark.parametrize(
    ("branch", "expected"),
    [
        ("coarse", SHARED | {"coarse.bias"}),
        ("student", SHARED | PLACE | {"coarse.bias"} | _branch("student")),
        ("teacher", SHARED | PLACE | _branch("teacher")),
    ],
)
def test_gradients_of_logits_reach_what_the_release_lets_them_reach(branch, expected):
    classifier, features, target = _small()
    logits = getattr(classifier(features, target), branch).logits
    assert contract.reached(classifier, logits, features) == expected


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("semantic", SHARED | {"coarse.bias"} | _projector("student.semantic")),
        # The bias shifts a whole class map, which the softmax over positions does not feel.
        ("spatial", SHARED | PLACE | _projector("student.spatial")),
    ],
)
def test_gradients_of_the_students_prototypes_reach_their_own_half(domain, expected):
    classifier, features, target = _small()
    prototypes = getattr(classifier(features, target).student, domain)
    assert contract.reached(classifier, prototypes, features) == expected


def test_absent_classes_give_the_fixed_weight_and_basis_without_gradient():
    classifier, features, target = _small(oracle_group=None, projector_layers=1)
    width = 4
    with torch.no_grad():  # projectors that pass the centre and drop what is fixed
        for phi in (classifier.teacher.semantic, classifier.teacher.spatial):
            phi.weight.copy_(torch.eye(width, 2 * width))
            phi.bias.zero_()
    teacher = classifier(features, target).teacher
    torch.testing.assert_close(teacher.semantic[0, 2], classifier.coarse.weight[2, :, 0, 0])
    torch.testing.assert_close(teacher.spatial[0, 2], classifier.basis.weight[2])
    names = contract.reached(classifier, teacher.semantic[:, 2], features)
    assert names == {"teacher.semantic.weight", "teacher.semantic.bias"}
    names = contract.reached(classifier, teacher.spatial[:, 2], features)
    assert names == {"teacher.spatial.weight", "teacher.spatial.bias"}


def test_a_smaller_last_group_equals_its_images_alone():
    classifier, features, target = _small(images=5, oracle_group=3)
    whole, alone = classifier(features, target), classifier(features[3:], target[3:])
    torch.testing.assert_close(whole.teacher.logits[3:], alone.teacher.logits)


def test_the_teachers_semantic_prototypes_are_of_the_group_and_its_spatial_ones_of_the_image():
    classifier, features, target = _small(images=2, oracle_group=2)
    teacher = classifier(features, target).teacher
    assert torch.equal(teacher.semantic[0], teacher.semantic[1])
    assert not torch.allclose(teacher.spatial[0], teacher.spatial[1])


def test_there_is_no_teacher_without_labels_and_labels_leave_the_student_alone():
    classifier, features, target = _small()
    without, given = classifier(features), classifier(features, target)
    assert without.teacher is None
    assert torch.equal(without.student.logits, given.student.logits)
    assert torch.equal(without.student.spatial, given.student.spatial)


def test_a_classifier_built_without_teacher_has_none_with_labels():
    classifier, features, target = _small(with_teacher=False)
    assert classifier(features, target).teacher is None
    assert not [name for name in classifier.state_dict() if name.startswith("teacher")]


@pytest.mark.parametrize("case", contract.awkward_inputs())
@pytest.mark.parametrize("autocast", [False, True])
def test_awkward_inputs_train_with_finite_numbers(case, autocast):
    torch.manual_seed(0)
    classifier = SSAClassifier(4, 3)
    torch.nn.init.zeros_(classifier.position.bias)  # or no pixel would be all zero
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        contract.assert_finite_training(classifier, *contract.awkward_inputs()[case])


@pytest.mark.parametrize(("channels", "classes"), [(4, 1), (2, 7), (1, 3)])
def test_one_class_and_fewer_channels_than_classes(channels, classes):
    target = torch.randint(0, classes, (3, 2, 2))
    features = torch.randn(3, channels, 2, 2)
    contract.assert_finite_training(SSAClassifier(channels, classes), features, target)


def test_half_precision_is_close_to_single():
    classifier, features, target = _small()
    exact = classifier(features, target).student.logits
    with torch.autocast("cpu", torch.bfloat16):
        rough = classifier(features, target).student.logits
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


def test_parameter_counts_at_width_512_and_150_classes():
    classifier = SSAClassifier(512, 150)
    parts = {
        name: sum(p.numel() for p in part.parameters())
        for name, part in classifier.named_children()
    }
    assert parts["student"] + parts["position"] + parts["basis"] == 1_131_520
    assert parts["teacher"] == 1_049_600


def test_without_semantic_adaptation_the_fixed_prototypes_serve():
    classifier, features, target = _small(semantic=False, mix=False)
    student = classifier(features, target).student
    assert student.semantic is None
    prototypes = classifier.coarse.weight[None, :, :, 0, 0] + student.spatial
    pixels = features + classifier.position(features)
    expected = 15 * F.cosine_similarity(pixels[:, None], prototypes[..., None, None], dim=2)
    torch.testing.assert_close(student.logits, expected, rtol=1e-5, atol=1e-5)


def test_without_spatial_adaptation_only_semantic_prototypes_score():
    classifier, features, target = _small(spatial=False, mix=False)
    student = classifier(features, target).student
    assert student.spatial is None
    expected = 15 * F.cosine_similarity(features[:, None], student.semantic[..., None, None], dim=2)
    torch.testing.assert_close(student.logits, expected, rtol=1e-5, atol=1e-5)
    assert not {"position", "basis"} & {name.split(".")[0] for name in classifier.state_dict()}


def test_spatial_centres_can_be_pooled_by_the_softmax_over_classes():
    classifier, features, target = _small(spatial_softmax="classes", projector_layers=1)
    prediction = classifier(features, target)
    shares = prediction.coarse.logits.softmax(1)[:, :, None]
    position = classifier.position(features)[:, None]
    centers = (shares * position).sum((3, 4)) / shares.sum((3, 4))
    entering = torch.cat([classifier.basis.weight.expand_as(centers), centers], 2)
    expected = classifier.student.spatial(entering)
    torch.testing.assert_close(prediction.student.spatial, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("position", ["sinusoidal", "learnable"])
def test_other_position_encodings_train(position):
    classifier, features, target = _small(position=position, position_size=5)
    contract.assert_finite_training(classifier, features.detach(), target)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("tau", -1.0),
        ("oracle_group", 0),
        ("score", "euclid"),
        ("spatial_softmax", "channels"),
        ("position", "rotary"),
        ("projector_layers", 3),
    ],
)
def test_a_wrong_setting_is_named(setting, value):
    with pytest.raises(ValueError, match=rf"classifier\.{setting}.*{value}"):
        SSAClassifier(4, 3, **{setting: value})


def test_adapting_nothing_is_refused():
    with pytest.raises(ValueError, match="classifier=fixed"):
        SSAClassifier(4, 3, semantic=False, spatial=False)


@pytest.mark.parametrize("flows", [True, False])
def test_gradient_of_the_student_reaches_the_coarse_scores_only_where_it_may(flows):
    contract.assert_coarse_gradient(SSAClassifier, flows)
