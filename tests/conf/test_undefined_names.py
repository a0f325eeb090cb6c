"""No name is used that nothing defines: ruff's F821 cannot run here, because of shape strings."""

import builtins
import symtable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("src", "scripts", "benchmarks", "tests")
KNOWN = {*dir(builtins), "__file__", "__name__", "__doc__", "__class__", "__spec__", "__path__"}


def undefined(text, name):
    """Names that are looked up among the globals of a module, and are not there."""
    module = symtable.symtable(text, name, "exec")
    defined = {
        symbol.get_name()
        for symbol in module.get_symbols()
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    }
    return sorted(
        symbol
        for symbol in set(_global_lookups(module))
        if symbol not in defined | KNOWN | _declared(module)
    )


def _global_lookups(scope):
    for symbol in scope.get_symbols():
        outside = symbol.is_global() or scope.get_type() == "module"
        if symbol.is_referenced() and outside and not symbol.is_free():
            yield symbol.get_name()
    for child in scope.get_children():
        yield from _global_lookups(child)


def _declared(scope):
    """Names that functions assign to after ``global``."""
    names = {
        symbol.get_name()
        for symbol in scope.get_symbols()
        if symbol.is_declared_global() and symbol.is_assigned()
    }
    return names.union(*(_declared(child) for child in scope.get_children()))


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_name_is_defined(folder):
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    missing = {str(file): undefined(file.read_text(), file.name) for file in files}
    assert {file: names for file, names in missing.items() if names} == {}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def f():\n    return note(1)\n", ["note"]),
        ("x = missing\n", ["missing"]),
        ("from a import b\ndef f(c):\n    return [b(d) for d in c]\n", []),
        ("class A:\n    y: 'int' = 1\n    def g(self):\n        return A, len\n", []),
        ("def f():\n    def g():\n        return x\n    x = 1\n    return g\n", []),
        ("X: 'Float[Tensor, \"b k\"]' = None\n", []),
    ],
)
def test_what_counts_as_undefined(text, names):
    assert undefined(text, "made.py") == names
