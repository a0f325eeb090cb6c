import subprocess
import sys
from pathlib import Path


def test_each_classifier_is_one_graph_with_the_eager_numbers_and_gradients():
    # In a process of its own, because the shape checks of this one are what dynamo cannot trace.
    probe = Path(__file__).with_name("compile_probe.py")
    result = subprocess.run([sys.executable, probe], capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["FixedClassifier", "CACClassifier", "SSAClassifier"]
