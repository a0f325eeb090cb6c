import importlib.util
from pathlib import Path

import torch

FILE = Path(__file__).parents[2] / "notebooks" / "moved_prototypes.py"


def made(step):
    spec = importlib.util.spec_from_file_location("moved_prototypes", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    classifier = module.MovedPrototypes(4, 3)
    classifier.step.data = torch.tensor(step)[:, None]
    return classifier


def cosine(one, other):
    return (one @ other) / (one @ one).sqrt() / (other @ other).sqrt()


def test_the_scores_are_the_equation_pixel_by_pixel():
    classifier, features = made([0.5, -0.2, 1.0]), torch.randn(2, 4, 3, 5)
    prediction = classifier(features)
    weight = classifier.score.weight.detach()[..., 0, 0]
    for image, logits in zip(features, prediction.student.logits.detach(), strict=True):
        pixels = image.flatten(1).T
        coarse = torch.stack([torch.stack([15 * cosine(f, c) for c in weight]) for f in pixels])
        share = coarse.softmax(1)
        for k in range(3):
            mean = sum(share[n, k] * pixels[n] for n in range(len(pixels))) / share[:, k].sum()
            moved = weight[k] / weight[k].norm() + classifier.step[k] * mean / mean.norm()
            expected = torch.stack([15 * cosine(f, moved) for f in pixels]).view(3, 5)
            torch.testing.assert_close(logits[k], expected, atol=1e-4, rtol=1e-4)


def test_it_starts_as_the_fixed_cosine_classifier():
    prediction = made([0.0, 0.0, 0.0])(torch.randn(1, 4, 3, 3))
    assert torch.equal(prediction.student.logits, prediction.coarse.logits)


def test_steps_and_prototypes_learn_and_labels_change_nothing():
    classifier, features = made([0.0, 0.1, 0.2]), torch.randn(1, 4, 3, 3)
    labelled = classifier(features, torch.zeros(1, 3, 3, dtype=torch.long))
    assert labelled.teacher is None
    assert torch.equal(labelled.student.logits, classifier(features).student.logits)
    labelled.student.logits.square().sum().backward()
    assert classifier.step.grad.abs().min() > 0
    assert classifier.score.weight.grad.abs().sum() > 0
