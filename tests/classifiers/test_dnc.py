import contract
import pytest
import torch
import torch.nn.functional as F

from segadapt.classifiers.dnc import DNCClassifier
from segadapt.structures import IGNORE

CHANNELS, CLASSES, NUMBER = 6, 4, 3


def made(**options):
    torch.manual_seed(0)
    return DNCClassifier(CHANNELS, CLASSES, **{"sub_centroids": NUMBER, "dropout": 0.0, **options})


def data(images=2):
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(images, CHANNELS, 8, 9, generator=generator)
    target = torch.randint(CLASSES - 1, (images, 8, 9), generator=generator)
    target[:, 0] = IGNORE
    return features, target


def centroids(classifier):
    return classifier.nearest.prototypes.view(CLASSES, NUMBER, CHANNELS)


def embedded(features):
    """Unit vectors of pixels: the layer normalisation is at its start."""
    rows = features.movedim(1, -1).flatten(0, 2)
    rows = (rows - rows.mean(1, keepdim=True)) / (
        rows.var(1, correction=0, keepdim=True) + 1e-5
    ) ** 0.5
    return rows / rows.norm(dim=1, keepdim=True)


def test_a_pixel_has_the_class_of_its_nearest_centroid():
    classifier, (features, _) = made(tau=1.0), data()
    distance = torch.cdist(embedded(features), classifier.nearest.prototypes)
    logits = classifier(features).student.logits
    found = logits.argmax(1).flatten()
    assert torch.equal(found, distance.argmin(1) // NUMBER)
    nearest = distance.unflatten(1, (CLASSES, NUMBER)).amin(2)
    torch.testing.assert_close(
        logits.movedim(1, -1).flatten(0, 2), 1 - nearest.square() / 2, rtol=1e-4, atol=1e-5
    )


def test_scores_are_normalised_over_the_classes():
    features, _ = data()
    raw = made(tau=1.0)(features).student.logits
    expected = F.layer_norm(raw.movedim(1, -1), (CLASSES,)).movedim(-1, 1)
    torch.testing.assert_close(made()(features).student.logits, expected, rtol=1e-4, atol=1e-4)


def test_centroids_follow_the_mean_of_their_correct_pixels():
    classifier, (features, target) = made(momentum=0.9, tau=15.0), data()
    before = centroids(classifier).clone()
    prediction = classifier(features, target)
    classifier.update(prediction)
    units, label = embedded(features), target.flatten()
    guess = prediction.student.logits.argmax(1).flatten()
    index = prediction.assignment.target
    moved = 0
    for k in range(CLASSES):
        for p in range(NUMBER):
            members = [
                i
                for i in range(len(label))
                if label[i] == k and guess[i] == k and index[i] == k * NUMBER + p
            ]
            expected = before[k, p]
            if members:
                mean = sum(units[i] for i in members)
                expected = 0.9 * expected + 0.1 * mean / mean.norm()
                expected = expected / expected.norm()
                moved += 1
            torch.testing.assert_close(centroids(classifier)[k, p], expected)
    assert moved > 2
    assert torch.equal(centroids(classifier)[-1], before[-1]), "a class without pixels stays"


def test_each_pixel_belongs_to_a_centroid_of_its_class():
    classifier, (features, target) = made(), data()
    index = classifier(features, target).assignment.target
    valid = target.flatten() != IGNORE
    assert torch.equal(index[valid] // NUMBER, target.flatten()[valid])
    assert (index[~valid] == -1).all()


@pytest.mark.parametrize("training", [True, False])
def test_looking_changes_nothing_and_labels_do_not_matter(training):
    classifier, (features, target) = made().train(training), data()
    before = {name: value.clone() for name, value in classifier.state_dict().items()}
    with_labels = classifier(features, target)
    assert torch.equal(with_labels.student.logits, classifier(features).student.logits)
    assert with_labels.teacher is None
    for name, value in classifier.state_dict().items():
        assert torch.equal(value, before[name])


def test_moving_the_centroids_leaves_the_gradients_of_the_step():
    found = []
    for update in (False, True):
        classifier, (features, target) = made(momentum=0.5), data()
        features.requires_grad_()
        prediction = classifier(features, target)
        if update:
            classifier.update(prediction)
        loss = F.cross_entropy(prediction.student.logits, target, ignore_index=IGNORE)
        found.append(torch.autograd.grad(loss, [features, *classifier.parameters()]))
    torch.testing.assert_close(*found)


def test_centroids_are_no_parameters_and_are_saved():
    classifier = made()
    assert sum(p.numel() for p in classifier.parameters()) == 2 * CHANNELS + 2 * CLASSES
    assert "nearest.prototypes" in classifier.state_dict()


def test_every_parameter_learns():
    classifier, (features, target) = made(), data()
    features.requires_grad_()
    logits = classifier(features, target).student.logits
    found = contract.reached(classifier, logits.softmax(1).square(), features)
    assert found == {"features", *dict(classifier.named_parameters())}


def test_modes_of_a_class_are_found():
    """Four clusters of one class: one sub-centroid each, which a mean could not do."""
    torch.manual_seed(0)
    modes = F.normalize(torch.randn(4, 8), dim=1)
    wanted = embedded(modes.T.view(1, 8, 2, 2))
    classifier = DNCClassifier(8, 3, sub_centroids=4, momentum=0.9, dropout=0.0)
    centroids = classifier.nearest.prototypes
    centroids[:4] = F.normalize(wanted.mean(0) + 0.1 * torch.randn(4, 8), dim=1)
    centroids[4:] = -centroids[:1]  # so that all pixels are classified correctly
    for _ in range(60):
        rows = modes.repeat(64, 1) + 0.02 * torch.randn(256, 8)
        features = rows.T.view(1, 8, 16, 16)
        classifier.update(classifier(features, torch.zeros(1, 16, 16, dtype=torch.long)))
    assert (centroids[:4] @ wanted.T).amax(0).min() > 0.99


@pytest.mark.parametrize("case", contract.awkward_inputs())
def test_awkward_inputs_train_with_finite_numbers(case):
    features, target = contract.awkward_inputs()[case]
    classifier = DNCClassifier(4, 3)
    contract.assert_finite_training(classifier, features, target)
    classifier.update(classifier(features, target))
    assert classifier.nearest.prototypes.isfinite().all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sub_centroids": 0}, "at least one prototype"),
        ({"momentum": 1.1}, "must be from 0 to 1"),
        ({"epsilon": 0.0}, "must be positive"),
        ({"tau": -1.0}, "must be positive"),
    ],
)
def test_odd_settings_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        made(**options)


def test_two_classes_need_a_factor():
    with pytest.raises(ValueError, match="set the factor of the cosines"):
        DNCClassifier(4, 2)
    assert DNCClassifier(4, 2, tau=15.0)(torch.randn(1, 4, 2, 2)).student.logits.shape[1] == 2
