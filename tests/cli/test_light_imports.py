"""Commands about runs tell of wrong folders before they import what takes seconds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "lightning", "scipy", "matplotlib", "sklearn", "wandb")
CALL = """
import runpy, sys
sys.path.insert(0, {source!r})
sys.argv = {words!r}
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit as end:
    print("said:", end.code)
print("imported:", *[name for name in {heavy!r} if name in sys.modules])
"""


def typed(folder, script, *words):
    """What a script says, and which of the heavy packages it has imported."""
    call = CALL.format(
        source=str(ROOT / "src"), words=[str(ROOT / "scripts" / script), *words], heavy=HEAVY
    )
    answer = subprocess.run(
        [sys.executable, "-c", call],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        check=True,
    )
    assert answer.stderr == ""
    said, imported = answer.stdout.splitlines()
    assert imported == "imported:"
    return said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["compare.py", "nowhere"], "error: nowhere is not a folder"),
        (["compare.py", "."], "error: . does not contain a run: there is no run.json in it"),
        (
            ["predict.py", "run=nowhere", "images=a.jpg", "out=b"],
            "error: run=nowhere does not exist; pass a run folder",
        ),
        (
            ["figures.py", "fixed=nowhere"],
            "error: nowhere is not a run folder: config.yaml is missing",
        ),
        (
            ["evaluate.py", "run=nowhere"],
            "error: nowhere is not a run folder: config.yaml is missing",
        ),
    ],
)
def test_a_wrong_folder_is_told_before_heavy_imports(tmp_path, words, sentence):
    assert typed(tmp_path, *words).startswith(f"said: {sentence}")
