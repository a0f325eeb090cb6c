import contract
import pytest
import torch
import torch.nn.functional as F
from presets import preset

from segadapt.classifiers.dnc import DNCClassifier
from segadapt.classifiers.protoseg import ProtoSegClassifier
from segadapt.losses.prototype_assignment import PrototypeContrast, PrototypeDistance
from segadapt.structures import IGNORE


def made(**options):
    torch.manual_seed(0)
    return ProtoSegClassifier(6, 4, **{"prototypes": 3, "dropout": 0.0, **options})


def data():
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(2, 6, 8, 9, generator=generator)
    target = torch.randint(4, (2, 8, 9), generator=generator)
    target[:, 0] = IGNORE
    return features, target


def test_scores_and_assignments_are_those_of_nearest_centroids():
    """DNC's tests hold for it: the two differ in losses and projection."""
    features, target = data()
    ours, other = made(), DNCClassifier(6, 4, sub_centroids=3, dropout=0.0)
    other.load_state_dict(ours.state_dict())
    found, expected = ours(features, target), other(features, target)
    assert torch.equal(found.student.logits, expected.student.logits)
    assert torch.equal(found.assignment.target, expected.assignment.target)
    ours.update(found)
    other.update(expected)
    assert torch.equal(ours.nearest.prototypes, other.nearest.prototypes)


def test_cosines_of_the_assignment_are_those_of_torch():
    classifier, (features, target) = made(), data()
    _, cosines, index = classifier(features, target).assignment
    rows = F.layer_norm(features.movedim(1, -1).flatten(0, 2), (6,))
    expected = F.cosine_similarity(rows[:, None], classifier.nearest.prototypes[None], dim=2)
    torch.testing.assert_close(cosines, expected, rtol=1e-4, atol=1e-5)
    assert torch.equal(index < 0, target.flatten() == IGNORE)


@pytest.mark.parametrize("loss", [PrototypeContrast(), PrototypeDistance()])
def test_its_losses_reach_the_features_but_not_the_prototypes(loss):
    classifier, (features, target) = made(projection=True), data()
    features.requires_grad_()
    prediction = classifier(features, target)
    found = contract.reached(classifier, 1e3 * loss(prediction, target), features)
    assert found == {
        "features",
        "nearest.normalize.weight",
        "nearest.normalize.bias",
        "projection.0.weight",
        "projection.0.bias",
        "projection.2.weight",
        "projection.2.bias",
    }
    assert not classifier.nearest.prototypes.requires_grad


def test_steps_on_the_distance_bring_pixels_to_their_prototypes():
    classifier, (features, target) = made(), data()
    features.requires_grad_()
    loss, values = PrototypeDistance(), []
    for _ in range(3):
        value = loss(classifier(features, target), target)
        (gradient,) = torch.autograd.grad(value, features)
        features = (features - 20 * gradient).detach().requires_grad_()
        values.append(value.item())
    assert values == sorted(values, reverse=True)


def test_the_projection_is_pixel_wise():
    classifier, (features, _) = made(projection=True), data()
    first, _, second = classifier.projection
    rows = features.movedim(1, -1) @ first.weight[:, :, 0, 0].T + first.bias
    rows = rows.relu() @ second.weight[:, :, 0, 0].T + second.bias
    logits = classifier(features).student.logits
    expected = classifier.nearest(rows.movedim(-1, 1), None).student.logits
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("case", contract.awkward_inputs())
def test_awkward_inputs_train_with_finite_numbers(case):
    features, target = contract.awkward_inputs()[case]
    classifier = ProtoSegClassifier(4, 3)
    features = features.clone().requires_grad_()
    prediction = classifier(features, target)
    value = PrototypeContrast()(prediction, target) + PrototypeDistance()(prediction, target)
    value.backward()
    classifier.update(prediction)
    assert value.isfinite()
    assert features.grad.isfinite().all()
    assert classifier.nearest.prototypes.isfinite().all()


def test_the_preset_is_the_papers():
    options = preset("protoseg")
    assert (options["prototypes"], options["momentum"], options["epsilon"]) == (10, 0.999, 0.05)
