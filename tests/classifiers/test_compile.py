from pathlib import Path

from unchecked import run_unchecked


def test_each_classifier_is_one_graph_with_the_eager_numbers_and_gradients():
    words = run_unchecked(Path(__file__).with_name("compile_probe.py"))
    assert words == ["FixedClassifier", "CACClassifier", "SSAClassifier"]
