import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from run_notebook import cells

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
NAMES = [
    "01_quickstart",
    "02_cac_ablations",
    "03_ablate_ssa",
    "04_prototypes",
    "05_your_own_data_and_classifier",
]
SCRIPT = Path(__file__).parent / "run_notebook.py"


def executed(temporary, *words):
    """Names of the notebooks that ran; what they write below the temporary folder stays there."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "MPLBACKEND": "agg",
        "TMPDIR": str(temporary),
    }
    command = [sys.executable, str(SCRIPT), *map(str, words)]
    answer = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert answer.returncode == 0, answer.stderr
    return re.findall("executed: (.*).ipynb", answer.stdout)


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_notebooks_are_stripped_and_compile(file):
    content = json.loads(file.read_text("utf-8"))
    assert content["nbformat"] == 4
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
    for code in cells(file):
        compile(code, file.name, "exec")


def test_all_of_them_are_there():
    assert [file.stem for file in NOTEBOOKS] == NAMES


def test_all_run_from_top_to_bottom_with_two_steps_each(tmp_path):
    assert executed(tmp_path, *NOTEBOOKS, "STEPS=2", "IMAGES=4") == NAMES


@pytest.mark.slow
@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_notebooks_run_from_top_to_bottom(file, tmp_path):
    assert executed(tmp_path, file) == [file.stem]
