import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf
from run_notebook import cells

from segadapt import interactive

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
TRAININGS = {
    "01_quickstart": 3,
    "02_cac_ablations": 4,
    "03_ablate_ssa": 4,
    "04_prototypes": 1,
    "05_your_own_data_and_classifier": 2,
}


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
    assert [file.stem for file in NOTEBOOKS] == list(TRAININGS)


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_what_they_import_exists_and_what_they_train_composes(file, monkeypatch, tmp_path):
    """The cells up to the last training, which is composed instead; its classifier is imported."""
    configs = []

    def train(folder, *overrides):
        configs.append(interactive.configured(folder, *overrides))

    monkeypatch.setattr(interactive, "train", train)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.syspath_prepend(str(FOLDER))
    code = cells(file)
    last = max(number for number, cell in enumerate(code) if "train(RUNS" in cell)
    names = {"__name__": "notebook"}
    for cell in code[: last + 1]:
        exec(compile(cell, file.name, "exec"), names)
    assert len(configs) == TRAININGS[file.stem]
    for config in configs:
        OmegaConf.resolve(config)
        assert not OmegaConf.missing_keys(config)
        assert instantiate(config.classifier)


@pytest.mark.slow
@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_notebooks_run_from_top_to_bottom(file):
    command = [sys.executable, str(Path(__file__).parent / "run_notebook.py"), str(file)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "MPLBACKEND": "agg"}
    answer = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert answer.returncode == 0, answer.stderr
