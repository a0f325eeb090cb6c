import ast
from pathlib import Path

from unchecked import run_unchecked

import segadapt

HAND_WRITTEN = {"_Cosine", "_SoftCrossEntropy", "_Fused"}
"""Functions with gradients of their own, which compile_probe.py compares compiled and eager."""

ON_GPUS = {"_OnePass"}
"""Losses by kernels of a GPU, which trainings leave out of the compiler as all losses."""


def test_each_classifier_is_one_graph_with_the_eager_numbers_and_gradients():
    words = run_unchecked(Path(__file__).with_name("compile_probe.py"))
    assert words == [
        *("FixedClassifier", "CACClassifier", "SSAClassifier", "ProtoSegClassifier"),
        *("GMMSegClassifier", "DNCClassifier", "WideClassifier", "losses"),
    ]


def test_no_gradient_is_written_by_hand_and_not_compared():
    classes = {
        node.name
        for file in Path(segadapt.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base).endswith("Function") for base in node.bases)
    }
    assert classes == HAND_WRITTEN | ON_GPUS
