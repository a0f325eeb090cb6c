"""Parameters that an objective gives nothing to learn from, and coefficients without a term."""

import torch
from torch import Tensor

from segadapt.classifiers.base import remove_teachers, with_teacher
from segadapt.losses.objective import Objective
from segadapt.segmentor import Segmentor
from segadapt.structures import Prediction

SIDE = 64
"""Of the images that are tried, pixels."""


def idle_weights(objective: Objective) -> str | None:
    """A sentence about the coefficients of terms that the classifier is built without."""
    parts = [
        f"classifier.{switch}=false leaves "
        + ", ".join(f"loss.weights.{name}={weight:g}" for name, weight in weights.items())
        + " unused"
        for switch, weights in objective.idle.items()
    ]
    return "; ".join(parts) or None


def drop_unread_teacher(model: Segmentor, objective: Objective, num_classes: int) -> None:
    """Remove the classifier's teacher if no term of the objective looks at it.

    It would cost time in every step and be measured, untrained, as the oracle.

    Args:
        model: Network; only its classifier is tried, on a few features.
        objective: What is minimised.
        num_classes: Number of classes.
    """
    if not with_teacher(model.classifier):
        return
    training = model.training
    model.eval()
    with torch.no_grad():
        mask = _labels(num_classes)
        features = torch.ones(2, model.generator.channels, SIDE // 8, SIDE // 8)
        target = mask[:, ::8, ::8]
        prediction = model.classifier(features, target)
        prediction = prediction._replace(auxiliary=prediction.student)  # not the question here
        if not _reads_teacher(objective, prediction, mask):
            remove_teachers(model.classifier)
    model.train(training)


def freeze_unused(model: Segmentor, objective: Objective, num_classes: int) -> None:
    """Exempt from training what gets no gradient: modules that only weightless terms would train.

    Ranks that train together can then expect a gradient of every parameter, without searching the
    graph in each step.

    Args:
        model: Network, tried on two small images on its own device.
        objective: What is minimised.
        num_classes: Number of classes.
    """
    training = model.training
    model.eval()  # statistics of batch norm stay as they are
    device = next(model.parameters()).device
    mask = _labels(num_classes).to(device)
    shape = torch.Size((2, model.generator.inputs, SIDE, SIDE))
    image = torch.linspace(-1, 1, shape.numel(), device=device).view(shape)
    objective(model(image, mask), mask).total.backward()
    for parameter in model.parameters():
        if parameter.grad is None:
            parameter.requires_grad_(False)
        parameter.grad = None
    model.train(training)


def _reads_teacher(objective: Objective, prediction: Prediction, mask: Tensor) -> bool:
    """Terms say that they need a branch by refusing to go without."""
    with_teacher = objective(prediction, mask).total
    try:
        without = objective(prediction._replace(teacher=None), mask).total
    except ValueError:
        return True
    return not torch.equal(with_teacher, without)


def _labels(num_classes: int) -> Tensor:
    """Two label maps of many classes, in squares."""
    squares = torch.arange(SIDE) // 16
    mask = (squares[:, None] * 4 + squares) % num_classes
    return torch.stack([mask, mask.flip(0)])
