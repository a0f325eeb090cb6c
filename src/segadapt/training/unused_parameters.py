"""Parameters that an objective gives nothing to learn from, and coefficients without a term."""

import torch

from segadapt.evaluation.network import SIDE, squares
from segadapt.losses.objective import Objective
from segadapt.segmentor import Segmentor


def idle_weights(objective: Objective) -> str | None:
    """A sentence about the coefficients of terms that the classifier is built without."""
    parts = [
        f"classifier.{switch}=false leaves "
        + ", ".join(f"loss.weights.{name}={weight:g}" for name, weight in weights.items())
        + " unused"
        for switch, weights in objective.idle.items()
    ]
    return "; ".join(parts) or None


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
    mask = squares(num_classes).to(device)
    shape = torch.Size((2, model.generator.inputs, SIDE, SIDE))
    image = torch.linspace(-1, 1, shape.numel(), device=device).view(shape)
    objective(model(image, mask), mask).total.backward()
    for parameter in model.parameters():
        if parameter.grad is None:
            parameter.requires_grad_(False)
        parameter.grad = None
    model.train(training)
