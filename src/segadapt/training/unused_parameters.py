"""Parameters without gradient, and coefficients of terms that are not computed."""

import torch

from segadapt.evaluation.network import SIDE, squares
from segadapt.losses.objective import Objective
from segadapt.segmentor import Segmentor


def idle_weights(objective: Objective) -> str | None:
    """A note about coefficients of terms whose parts the classifier lacks."""
    parts = [
        f"classifier.{switch}=false leaves "
        + ", ".join(f"loss.weights.{name}={weight:g}" for name, weight in weights.items())
        + " unused"
        for switch, weights in objective.idle.items()
    ]
    return "; ".join(parts) or None


def freeze_unused(model: Segmentor, objective: Objective, num_classes: int) -> None:
    """Freeze parameters without gradient, such as modules that only terms of weight 0 would train.

    Ranks that train together can then expect a gradient for every parameter, without searching the
    graph in each step.

    Args:
        model: Network, run on two small images on its own device.
        objective: Objective of the training.
        num_classes: Number of classes.
    """
    training = model.training
    model.eval()  # statistics of batch norm do not change
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
