"""Run by test_compiled_losses.py: compiles around the pixel losses and compares with eager."""

import torch

from segadapt.losses.cross_entropy import CrossEntropy
from segadapt.losses.dice import Dice
from segadapt.losses.parts.fused import fused_loss


def check(losses, classes):
    torch.manual_seed(0)
    scores = torch.randn(2, classes, 4, 4, requires_grad=True)
    mask = torch.randint(classes, (2, 8, 8))

    def loss(scores):
        return 3 * fused_loss(losses, 2 * scores, mask)

    compiled = torch.compile(loss, backend="aot_eager")

    def both(loss):
        value = loss(scores)
        return value, torch.autograd.grad(value, scores)

    torch.testing.assert_close(both(compiled), both(loss))


if __name__ == "__main__":
    for losses in ([CrossEntropy()], [Dice()], [CrossEntropy("all"), Dice()]):
        for classes in (3, 70):
            check(losses, classes)
    print("ok")
