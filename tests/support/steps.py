"""A small training task and a batch of it, for tests of compiled steps."""

import torch
from compositions import composed
from runs import SMALL

from segadapt.experiment import build_task
from segadapt.structures import Batch


def small_task():
    return build_task(composed(*SMALL[2:], "data=synthetic", "model=tiny", "paths.run=x")).train()


def small_batch():
    return Batch(torch.randn(2, 3, 32, 32), torch.randint(0, 5, (2, 32, 32)), ["a", "b"])


def own(task):
    """The network's forward pass as another one."""
    return lambda image, mask: task.model(image, mask)


def scaled(forward, factor):
    """The same values; the gradient of the student's scores is so many times as large."""

    def result(image, mask):
        prediction = forward(image, mask)
        logits = prediction.student.logits
        logits = factor * logits - (factor - 1) * logits.detach()
        return prediction._replace(student=prediction.student._replace(logits=logits))

    return result
