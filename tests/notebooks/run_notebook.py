"""Executes the code cells of a notebook in one namespace: python run_notebook.py FILE."""

import json
import os
import sys
from pathlib import Path


def cells(file: Path) -> list[str]:
    """Code of each cell; lines for the notebook alone (%magic) left out."""
    content = json.loads(file.read_text("utf-8"))
    code = ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]
    return [
        "\n".join(line for line in cell.splitlines() if not line.startswith("%")) for cell in code
    ]


if __name__ == "__main__":
    path = Path(sys.argv[1]).resolve()
    os.chdir(path.parent)
    sys.path.insert(0, str(path.parent))
    names = {"__name__": "notebook"}
    for number, cell in enumerate(cells(path)):
        exec(compile(cell, f"{path.name}, code cell {number}", "exec"), names)
