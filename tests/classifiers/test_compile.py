from pathlib import Path

from unchecked import run_unchecked


def test_each_classifier_is_one_graph_with_the_eager_numbers_and_gradients(tmp_path):
    answer = run_unchecked(Path(__file__).with_name("compile_probe.py"), tmp_path)
    assert answer.code == 0, answer.err
    assert answer.out.split() == ["FixedClassifier", "CACClassifier", "SSAClassifier"]
