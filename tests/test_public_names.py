import subprocess
import sys

import pytest

import segadapt


@pytest.mark.parametrize("name", segadapt.__all__)
def test_public_names_are_there_and_described(name):
    assert getattr(segadapt, name).__doc__
    assert name in dir(segadapt)


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="no attribute 'predcit'"):
        _ = segadapt.predcit


def test_importing_the_package_imports_nothing_else():
    code = "import sys, segadapt; print([m for m in sys.modules if m.startswith('segadapt.')])"
    code += "; print({'torch', 'hydra', 'numpy'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.split("\n")[:2] == ["[]", "set()"]
