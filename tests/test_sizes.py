"""Files and functions stay small enough to be read."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "segadapt"
KERNELS = SOURCE / "losses" / "kernels"
"""A Triton kernel is one function, which is not split."""

FILES = sorted(SOURCE.rglob("*.py"))


def lines(function):
    """Lines of a function without its docstring."""
    documentation = ast.get_docstring(function, clean=False) or ""
    return function.end_lineno - function.lineno + 1 - len(documentation.splitlines())


@pytest.mark.parametrize("room", sorted({file.relative_to(SOURCE).parts[0] for file in FILES}))
def test_files_have_250_lines_and_functions_40_at_most(room):
    for file in FILES:
        if file.relative_to(SOURCE).parts[0] != room:
            continue
        text = file.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 250, file
        if KERNELS in file.parents:
            continue
        functions = [
            node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)
        ]
        assert [node.name for node in functions if lines(node) > 40] == [], file
