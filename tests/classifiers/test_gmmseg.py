import math

import contract
import pytest
import torch
import torch.nn.functional as F
from sklearn.mixture import GaussianMixture
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from segadapt.classifiers.gmmseg import GMMSegClassifier
from segadapt.structures import IGNORE

CHANNELS, CLASSES, COMPONENTS = 6, 4, 3


def made(**options):
    torch.manual_seed(0)
    settings = {"components": COMPONENTS, "embedding": None, "dropout": 0.0, "memory": 50}
    classifier = GMMSegClassifier(CHANNELS, CLASSES, **{**settings, **options})
    mixtures = classifier.mixtures
    mixtures.variance.copy_(0.05 + torch.rand(mixtures.variance.shape))
    return classifier


def data():
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(2, CHANNELS, 8, 9, generator=generator)
    target = torch.randint(CLASSES - 1, (2, 8, 9), generator=generator)
    target[:, 0] = IGNORE
    return features, target


def embedded(features):
    rows = F.layer_norm(features.movedim(1, -1).flatten(0, 2), (features.shape[1],))
    return F.normalize(rows, dim=1)


def by_class(values):
    return values.view(CLASSES, COMPONENTS, -1)


def components(mixtures):
    return Independent(Normal(by_class(mixtures.mean), by_class(mixtures.variance).sqrt()), 1)


def test_scores_are_the_log_likelihoods_of_the_mixtures():
    classifier, (features, _) = made(), data()
    even = Categorical(torch.ones(CLASSES, COMPONENTS))
    mixture = MixtureSameFamily(even, components(classifier.mixtures))
    expected = mixture.log_prob(embedded(features)[:, None])
    found = classifier(features).student.logits.movedim(1, -1).flatten(0, 2)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_a_class_is_scored_as_by_scikit_learn():
    classifier, (features, _) = made(), data()
    mixtures, rows = classifier.mixtures, embedded(features)
    other = GaussianMixture(COMPONENTS, covariance_type="diag")
    other.weights_ = torch.full((COMPONENTS,), 1 / COMPONENTS).numpy()
    other.means_ = mixtures.mean[:COMPONENTS].numpy()
    other.precisions_cholesky_ = mixtures.variance[:COMPONENTS].rsqrt().numpy()
    expected = torch.from_numpy(other.score_samples(rows.numpy())).float()
    found = mixtures.likelihoods(mixtures.densities(rows))[:, 0]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_gradients_are_those_of_the_posterior():
    """-log p(c | x) with equally likely classes, through torch's distributions."""
    classifier, (features, target) = made(), data()
    features.requires_grad_()
    loss = F.cross_entropy(classifier(features, target).student.logits, target, ignore_index=IGNORE)
    even = Categorical(torch.ones(CLASSES, COMPONENTS))
    mixture = MixtureSameFamily(even, components(classifier.mixtures))
    density = mixture.log_prob(embedded(features)[:, None])
    label = target.flatten()
    losses = [
        density[i].logsumexp(0) - density[i, label[i]]
        for i in range(len(label))
        if label[i] != IGNORE
    ]
    torch.testing.assert_close(
        torch.autograd.grad(loss, features),
        torch.autograd.grad(sum(losses) / len(losses), features),
        rtol=1e-3,
        atol=1e-6,
    )


def test_component_densities_are_kept_for_the_contrast():
    classifier, (features, target) = made(), data()
    expected = components(classifier.mixtures).log_prob(embedded(features)[:, None, None])
    found = classifier(features, target).assignment.logits
    torch.testing.assert_close(found, expected.flatten(1), rtol=1e-4, atol=1e-4)


def test_pixels_go_evenly_to_the_components_of_their_class():
    classifier, (features, target) = made(iterations=300), data()
    found = classifier(features, target).assignment.target
    densities = components(classifier.mixtures).log_prob(embedded(features)[:, None, None])
    label = target.flatten()
    for k in range(CLASSES - 1):
        own = (label == k).nonzero()[:, 0]
        plan = densities[own, k].double().softmax(1)  # Sinkhorn, in double and by turns
        for _ in range(300):
            plan = plan / plan.sum(0) * len(own) / COMPONENTS
            plan = plan / plan.sum(1, keepdim=True)
        assert torch.equal(found[own], plan.argmax(1) + k * COMPONENTS)
        assert plan.sum(0).allclose(torch.tensor(len(own) / COMPONENTS).double(), rtol=1e-3)
    assert (found[label == IGNORE] == -1).all()


def test_the_m_step_takes_moments_of_what_is_remembered():
    classifier, (features, target) = made(momentum=0.9, memory=200, samples=200), data()
    mixtures = classifier.mixtures
    mean, variance = mixtures.mean.clone(), mixtures.variance.clone()
    prediction = classifier(features, target)
    classifier.update(prediction)
    rows, label = embedded(features), target.flatten()
    guess = prediction.student.logits.argmax(1).flatten()
    component = prediction.assignment.target
    moved = 0
    for m in range(CLASSES * COMPONENTS):
        own = [i for i in range(len(label)) if component[i] == m and guess[i] == label[i]]
        new_mean, new_variance = mean[m], variance[m]
        if own:
            center = F.normalize(sum(rows[i] for i in own), dim=0)
            new_mean = F.normalize(0.9 * mean[m] + 0.1 * center, dim=0)
            new_variance = sum((rows[i] - center) ** 2 for i in own) / len(own) + 0.01
            moved += 1
        torch.testing.assert_close(mixtures.mean[m], new_mean)
        torch.testing.assert_close(mixtures.variance[m], new_variance, rtol=1e-4, atol=1e-5)
        assert mixtures.written[m] == len(own)
    assert moved > 2


def test_old_pixels_are_forgotten():
    classifier, (features, target) = made(memory=4, samples=2), data()
    for _ in range(6):
        classifier.update(classifier(features, target))
    full = classifier.mixtures.written >= 4
    assert full.any()
    lengths = classifier.mixtures.pixels[full].norm(dim=2)
    torch.testing.assert_close(lengths, torch.ones_like(lengths))


def test_fitting_alone_makes_the_pixels_likelier():
    """Expectation maximisation on fixed features of two modes for each class."""
    torch.manual_seed(0)
    modes = F.normalize(torch.randn(6, 8), dim=1)
    classifier = GMMSegClassifier(
        8, 3, components=2, embedding=None, momentum=0.9, memory=400, samples=50, dropout=0.0
    )
    mixtures = classifier.mixtures
    rows = F.normalize(modes.repeat(40, 1) + 0.05 * torch.randn(240, 8), dim=1)
    label = torch.arange(6).repeat(40) // 2
    values = []
    for _ in range(40):
        densities = mixtures.densities(rows)
        own = mixtures.likelihoods(densities).gather(1, label[:, None])
        values.append(own.mean().item())
        mixtures.fit(rows, mixtures.assigned(densities, label, over_ranks=False))
    assert values[-1] > values[20] > values[0]
    guess = mixtures.likelihoods(mixtures.densities(rows)).argmax(1)
    assert (guess == label).float().mean() > 0.95


def test_looking_changes_nothing_and_updates_leave_gradients():
    found = []
    for update in (False, True):
        classifier, (features, target) = made(), data()
        before = {name: value.clone() for name, value in classifier.state_dict().items()}
        features.requires_grad_()
        prediction = classifier(features, target)
        assert all(torch.equal(v, before[k]) for k, v in classifier.state_dict().items())
        if update:
            classifier.update(prediction)
        loss = F.cross_entropy(prediction.student.logits, target, ignore_index=IGNORE)
        found.append(torch.autograd.grad(loss, [features, *classifier.normalize.parameters()]))
    torch.testing.assert_close(*found)


def test_what_is_learned_without_gradients_is_saved():
    classifier = made()
    saved = {name for name in classifier.state_dict() if name.startswith("mixtures.")}
    assert saved == {f"mixtures.{name}" for name in ("mean", "variance", "pixels", "written")}
    assert not list(classifier.mixtures.parameters())


def test_a_run_goes_on_exactly():
    classifier, (features, target) = made(), data()
    for _ in range(3):
        classifier.update(classifier(features, target))
    other = made()
    other.load_state_dict(classifier.state_dict())
    for one in (classifier, other):
        one.update(one(features, target))
    for ours, theirs in zip(
        classifier.state_dict().values(), other.state_dict().values(), strict=True
    ):
        assert torch.equal(ours, theirs)


def test_other_widths_are_embedded_and_learn():
    torch.manual_seed(0)
    classifier = GMMSegClassifier(CHANNELS, CLASSES, embedding=5, dropout=0.0, tau=None)
    features, target = data()
    features.requires_grad_()
    logits = classifier(features, target).student.logits
    found = contract.reached(classifier, logits.softmax(1).square(), features)
    assert found == {"features", *dict(classifier.named_parameters())}
    assert classifier.mixtures.mean.shape == (CLASSES * 5, 5)


def test_the_first_variance_is_that_of_random_unit_vectors():
    mixtures = GMMSegClassifier(64, 3).mixtures
    rows = F.normalize(torch.randn(2000, 64), dim=1)
    expected = (rows - mixtures.mean[0]).square().mean() + 0.01
    torch.testing.assert_close(mixtures.variance[0, 0], expected, rtol=0.05, atol=0)
    assert math.isclose(mixtures.variance[0, 0].sqrt(), 0.203, abs_tol=1e-3)


@pytest.mark.parametrize("case", contract.awkward_inputs())
def test_awkward_inputs_train_with_finite_numbers(case):
    features, target = contract.awkward_inputs()[case]
    classifier = GMMSegClassifier(4, 3, embedding=None, memory=30)
    contract.assert_finite_training(classifier, features, target)
    classifier.update(classifier(features, target))
    assert all(value.isfinite().all() for value in classifier.state_dict().values())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"samples": 60}, "a memory holds at least the samples of one step"),
        ({"components": 0}, "at least one prototype"),
        ({"tau": 0.0}, "must be positive"),
    ],
)
def test_odd_settings_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        made(**options)
