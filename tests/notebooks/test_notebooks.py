import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from run_notebook import cells

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


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


def test_the_first_and_the_last_are_there():
    assert {"01_quickstart", "05_your_own_data_and_classifier"} <= {f.stem for f in NOTEBOOKS}


@pytest.mark.slow
@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_notebooks_run_from_top_to_bottom(file):
    command = [sys.executable, str(Path(__file__).parent / "run_notebook.py"), str(file)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "MPLBACKEND": "agg"}
    answer = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert answer.returncode == 0, answer.stderr
