"""What every classifier with a student and a teacher must hold, checked on any of them."""

import torch
from torch import Tensor, nn

from segadapt.structures import IGNORE, Branch, Prediction


def branches(prediction: Prediction) -> list[Branch]:
    """Student, coarse and, where there is one, teacher."""
    return [x for x in (prediction.student, prediction.coarse, prediction.teacher) if x is not None]


def tensors(prediction: Prediction) -> list[Tensor]:
    """Everything in the prediction."""
    return [x for branch in branches(prediction) for x in branch if x is not None]


def reached(module: nn.Module, output: Tensor, features: Tensor) -> set[str]:
    """Names of the parameters, and ``features``, that get a gradient from a random output sum."""
    named = {**dict(module.named_parameters()), "features": features}
    weights = torch.randn(output.shape, generator=torch.Generator().manual_seed(1))
    gradients = torch.autograd.grad(
        (weights * output).sum(), list(named.values()), retain_graph=True, allow_unused=True
    )
    return {
        name
        for name, gradient in zip(named, gradients, strict=True)
        if gradient is not None and gradient.abs().max() > 1e-5
    }


def assert_finite_training(module: nn.Module, features: Tensor, target: Tensor) -> None:
    """Every output and every gradient is a number."""
    features = features.clone().requires_grad_()
    found = tensors(module(features, target))
    sum(x.float().square().mean() for x in found).backward()
    assert all(x.isfinite().all() for x in found)
    assert features.grad.isfinite().all()
    assert all(p.grad is None or p.grad.isfinite().all() for p in module.parameters())


def awkward_inputs() -> dict[str, tuple[Tensor, Tensor]]:
    """Features and labels that released code stumbles over, for 4 channels and 3 classes."""
    features, target = torch.randn(2, 4, 3, 5), torch.randint(0, 3, (2, 3, 5))
    half = features.clone()
    half[:, :, 1] = 0
    return {
        "a row of zero features": (half, target),
        "zero features everywhere": (features * 0, target),
        "all ignored": (features, torch.full_like(target, IGNORE)),
        "one class only": (features, torch.ones_like(target)),
        "one pixel": (features[:, :, :1, :1], target[:, :1, :1]),
        "one image": (features[:1], target[:1]),
    }


def assert_coarse_gradient(kind: type[nn.Module], flows: bool) -> None:
    """``coarse_gradient`` changes no score, only whether gradients pass the coarse scores."""
    torch.manual_seed(0)
    classifier = kind(4, 3, dropout=0.0, coarse_gradient=flows)
    nn.init.normal_(classifier.coarse.weight)
    features = torch.randn(2, 4, 3, 2)
    released = kind(4, 3, dropout=0.0)
    released.load_state_dict(classifier.state_dict())
    scores = classifier(features).student.logits
    assert torch.equal(scores, released(features).student.logits)
    # the bias has no other way to the student than by the coarse scores
    (gradient,) = torch.autograd.grad(scores[:, 0].sum(), classifier.coarse.bias, allow_unused=True)
    assert (gradient is not None and gradient.any().item()) == flows
