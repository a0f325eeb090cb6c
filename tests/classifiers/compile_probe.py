"""Run by test_compile.py: compiles each classifier and compares with eager execution."""

import torch

from segadapt.classifiers.cac import CACClassifier
from segadapt.classifiers.fixed import FixedClassifier
from segadapt.classifiers.ssa import SSAClassifier


def check(classifier):
    torch.manual_seed(0)
    module = classifier(4, 3, dropout=0.0)
    features = torch.randn(3, 4, 3, 2, requires_grad=True)
    target = torch.randint(0, 3, (3, 3, 2))
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")

    def gradients(forward):
        prediction = forward(features, target)
        logits = [x.logits for x in prediction[:3] if x is not None]
        loss = sum(x.square().mean() for x in logits)
        return logits, torch.autograd.grad(loss, [features, *module.parameters()])

    torch.testing.assert_close(gradients(compiled), gradients(module))


if __name__ == "__main__":
    for kind in (FixedClassifier, CACClassifier, SSAClassifier):
        check(kind)
        print(kind.__name__)
