"""Run by test_compile.py: compiles each classifier and loss, and compares with eager execution."""

import torch
from torch._dynamo.backends.debugging import aot_eager

from segadapt.classifiers.cac import CACClassifier
from segadapt.classifiers.dnc import DNCClassifier
from segadapt.classifiers.fixed import FixedClassifier
from segadapt.classifiers.gmmseg import GMMSegClassifier
from segadapt.classifiers.protoseg import ProtoSegClassifier
from segadapt.classifiers.ssa import SSAClassifier
from segadapt.classifiers.wide import WideClassifier
from segadapt.losses.cross_entropy import CrossEntropy
from segadapt.losses.dice import Dice
from segadapt.losses.parts.soft_cross_entropy import soft_cross_entropy

WIDE = {"like": CACClassifier}
CLASSIFIERS = (
    FixedClassifier,
    CACClassifier,
    SSAClassifier,
    ProtoSegClassifier,
    GMMSegClassifier,
    DNCClassifier,
    WideClassifier,
)


def derived_by_torch(graph, inputs):
    """A backend that refuses gradients written by hand: torch 2.11 compiles some of them wrong."""
    hand_written = [node for node in graph.graph.nodes if "autograd_function" in str(node.target)]
    assert not hand_written, hand_written
    return aot_eager(graph, inputs)


def agree(compiled, eager, inputs):
    """Both give the same values and gradients."""

    def both(function):
        outputs = function()
        loss = sum(output.square().mean() for output in outputs)
        return outputs, torch.autograd.grad(loss, inputs)

    torch.testing.assert_close(both(compiled), both(eager), rtol=1e-4, atol=1e-6)


def check_classifier(kind):
    torch.manual_seed(0)
    module = kind(4, 3, dropout=0.0, **(WIDE if kind is WideClassifier else {}))
    features = torch.randn(3, 4, 3, 2, requires_grad=True)
    target = torch.randint(0, 3, (3, 3, 2))
    compiled = torch.compile(module, fullgraph=True, backend=derived_by_torch)

    def outputs(forward):
        prediction = forward(features, target)
        extra = prediction.assignment
        branches = [x.logits for x in prediction[:3] if x is not None]
        return branches if extra is None else [*branches, extra.pixels, extra.logits]

    inputs = [features, *(x for x in module.parameters() if x.requires_grad)]
    agree(lambda: outputs(compiled), lambda: outputs(module), inputs)


def check_losses():
    """Training leaves them out of the compiler; somebody else may not."""
    student, teacher = torch.randn(2, 50, 3)
    label, weight = torch.randint(0, 3, (50,)), torch.rand(50)
    student.requires_grad_()

    def soft():
        return [soft_cross_entropy(student, teacher, label, weight, 0.3)]

    agree(torch.compile(soft, backend="aot_eager"), soft, [student])
    for classes in (2, 3):  # two have a function of their own
        mask = torch.randint(0, classes, (2, 12, 16))
        logits = torch.randn(2, classes, 12, 16, requires_grad=True)
        for loss in (CrossEntropy(), Dice()):

            def pixels(loss=loss, logits=logits, mask=mask):
                return [loss(logits, mask)]

            agree(torch.compile(pixels, backend="aot_eager"), pixels, [logits])


if __name__ == "__main__":
    for kind in CLASSIFIERS:
        check_classifier(kind)
        print(kind.__name__)
    check_losses()
    print("losses")
