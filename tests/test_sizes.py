"""Files and functions stay small enough to be read."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "segadapt"
FILES = sorted(SOURCE.rglob("*.py"))


def is_kernel(function):
    """Whether a GPU runs it; the launcher takes no structures, so that its arguments fill lines."""
    names = [ast.unparse(decorator).partition("(")[0] for decorator in function.decorator_list]
    return "triton.jit" in names


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
        functions = [
            node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)
        ]
        large = {node.name: 90 if is_kernel(node) else 40 for node in functions}
        assert [node.name for node in functions if lines(node) > large[node.name]] == [], file
