"""Kinds of values from annotations: ``Sequence[int] | None`` is a list of integers, or null."""

import ast
from collections.abc import Mapping
from functools import cache
from typing import Final

from segadapt.runs.settings.compound import Built, Devices, Either, ListOf, Off, TableOf
from segadapt.runs.settings.kinds import (
    Anything,
    Choice,
    Device,
    Flag,
    Kind,
    Null,
    Real,
    Text,
    Whole,
)
from segadapt.runs.settings.ranges import CHOICES, EMPTY, PAIRS, RANGES, under

NAMED: Final[Mapping[str, Kind]] = {
    "Any": Anything(),
    "Device": Device(),
    "Devices": Devices(),
    "Off": Off(),
    "Path": Text(),
    "Precision": Choice(
        (
            *("auto", "32-true", "16-mixed", "bf16-mixed", "16-true", "bf16-true", "64-true"),
            *("32", "16", "bf16", "64", 32, 16, 64),
        )
    ),
    "Profiler": Choice(("simple", "advanced", "pytorch")),
    "Strategy": Choice(
        ("auto", "ddp", "ddp_find_unused_parameters_true", "ddp_find_unused_parameters_false")
    ),
    "Warn": Choice(("warn",)),
    "bool": Flag(),
}
"""Kinds with their own name in annotations."""

LISTS: Final = ("Sequence", "Collection", "list", "tuple", "Iterable")
TABLES: Final = ("Mapping", "dict")


@cache
def kind_of(annotation: str, key: str) -> Kind:
    """The kind of the values of a key.

    Args:
        annotation: Annotation of a parameter in Python's syntax; values that are not plain are
            built.
        key: Dotted key of the config; its last parts decide about ranges and choices.
    """
    return _kind(ast.parse(annotation, mode="eval").body, key)


def _kind(node: ast.expr, key: str) -> Kind:
    match node:
        case ast.Constant(value=None):
            return Null()
        case ast.Constant(value=str(text)):  # a forward reference
            return kind_of(text, key)
        case ast.Name(id=name):
            return _plain(name, key)
        case ast.BinOp(op=ast.BitOr()):
            kinds = [_kind(part, key) for part in _parts(node)]
            numbers = any(type(kind) is Real for kind in kinds)
            return Either(tuple(k for k in kinds if not (numbers and type(k) is Whole)))
        case ast.Subscript(value=ast.Name(id=name), slice=inner) if name in LISTS:
            first = inner.elts[0] if isinstance(inner, ast.Tuple) else inner
            member = _kind(first, f"{key.removesuffix('[]')}[]")
            return ListOf(member, 2 if under(key, PAIRS) else None, bool(under(key, EMPTY)))
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Tuple(elts=[_, inner])):
            return TableOf(_kind(inner, key), ast.unparse(inner)) if name in TABLES else Built()
    return Built()


def _parts(node: ast.expr) -> list[ast.expr]:
    """Members of a union."""
    match node:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return [*_parts(left), *_parts(right)]
    return [node]


def _plain(name: str, key: str) -> Kind:
    match name:
        case "int":
            return Whole(numbers) if (numbers := under(key, RANGES)) else Whole()
        case "float":
            return Real(numbers) if (numbers := under(key, RANGES)) else Real()
        case "str":
            return Choice(words) if (words := under(key, CHOICES)) else Text()
    return NAMED.get(name, Built())
