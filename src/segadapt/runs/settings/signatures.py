"""Parameters of the classes that a config builds, read from the source without importing it."""

import ast
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

PACKAGE: Final = "segadapt"
SOURCE: Final = Path(__file__).resolve().parents[3]
"""The folder that holds the package."""

Definition = ast.ClassDef | ast.FunctionDef


class Parameter(NamedTuple):
    """One parameter."""

    annotation: str
    required: bool


class Signature(NamedTuple):
    """Parameters of a class or function."""

    parameters: dict[str, Parameter]
    open: bool
    """Whether it also passes on parameters that are not known here."""


NOTHING: Final = Signature({}, open=False)
UNKNOWN: Final = Signature({}, open=True)


@cache
def signature(target: str) -> Signature | None:
    """The parameters of a ``_target_`` of this package; those of other packages are unknown.

    Args:
        target: Dotted name.

    Returns:
        The signature; None if there is no such class or function.
    """
    if target.partition(".")[0] != PACKAGE:
        return UNKNOWN
    module, _, name = target.rpartition(".")
    definition = _definition(module, name)
    if definition is None:
        return None
    match definition:
        case ast.ClassDef():
            return _constructor(module, definition)
    return _of_function(definition)


def _constructor(module: str, node: ast.ClassDef) -> Signature:
    """Signature of a class: that of its own constructor, or of its base class."""
    for member in node.body:
        if isinstance(member, ast.FunctionDef) and member.name == "__init__":
            return _of_function(member)
    for base in node.bases:
        match base:
            case ast.Name(id=name):
                definition = _definition(module, name)
                if isinstance(definition, ast.ClassDef):
                    return _constructor(_home(module, name), definition)
    return NOTHING


def _of_function(node: ast.FunctionDef) -> Signature:
    given = node.args
    positional = [*given.posonlyargs, *given.args]
    required = len(positional) - len(given.defaults)
    parameters = {
        argument.arg: Parameter(_annotation(argument), place < required)
        for place, argument in enumerate(positional)
        if argument.arg != "self"
    }
    for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        parameters[argument.arg] = Parameter(_annotation(argument), default is None)
    return Signature(parameters, open=given.kwarg is not None)


def _annotation(argument: ast.arg) -> str:
    return "Any" if argument.annotation is None else ast.unparse(argument.annotation)


def _definition(module: str, name: str) -> Definition | None:
    """A class or function of a module, even if the module imports it from elsewhere."""
    for node in _body(module):
        match node:
            case ast.ClassDef(name=known) | ast.FunctionDef(name=known) if known == name:
                return node
    home = _home(module, name)
    return None if home == module else _definition(home, name)


def _home(module: str, name: str) -> str:
    """The module from which a name is imported, or the module itself."""
    for node in _body(module):
        match node:
            case ast.ImportFrom(module=str(home), names=names) if home.startswith(PACKAGE):
                if any((alias.asname or alias.name) == name for alias in names):
                    return home
    return module


@cache
def _body(module: str) -> list[ast.stmt]:
    place = SOURCE.joinpath(*module.split("."))
    for file in (place.with_suffix(".py"), place / "__init__.py"):
        if file.is_file():
            return ast.parse(file.read_text("utf-8")).body
    return []
