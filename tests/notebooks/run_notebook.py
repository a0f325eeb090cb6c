"""Executes the code cells of notebooks in one process: python run_notebook.py FILES... [STEPS=2].

What is given as NAME=NUMBER replaces a parameter of the first cell, as papermill would.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def cells(file: Path) -> list[str]:
    """Code of each cell; lines for the notebook alone (%magic) left out."""
    content = json.loads(file.read_text("utf-8"))
    code = ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]
    return [
        "\n".join(line for line in cell.splitlines() if not line.startswith("%")) for cell in code
    ]


def run(file: Path, parameters: Mapping[str, int]) -> None:
    """Execute all cells in a namespace of their own."""
    names: dict[str, object] = {"__name__": "notebook"}
    for number, cell in enumerate(cells(file)):
        exec(compile(cell, f"{file.name}, code cell {number}", "exec"), names)
        if number == 0:
            assert parameters.keys() <= names.keys(), f"{file.name} has not all of {parameters}"
            names.update(parameters)


def main(words: Sequence[str]) -> None:
    parameters = dict(word.split("=") for word in words if "=" in word)
    for file in [Path(word).resolve() for word in words if "=" not in word]:
        os.chdir(file.parent)
        sys.path.insert(0, str(file.parent))
        run(file, {name: int(value) for name, value in parameters.items()})
        print(f"executed: {file.name}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
