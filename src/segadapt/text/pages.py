"""HTML pages rendered from the package's templates: self-contained, with all text escaped."""

import base64
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from segadapt.text.borders import printable

TEMPLATES: Final = Path(__file__).parents[1]
"""Folder of the package; templates are named by their path in it, such as ``text/page.html``."""


def render(template: str, **content: object) -> str:
    """A self-contained page, without scripts, fonts or pictures from elsewhere.

    Args:
        template: Its path in the package.
        content: Values that the template shows. Every value that is not ``Markup`` is escaped, and
            a missing one raises.
    """
    return environment().get_template(template).render(**content)


def png_source(content: bytes) -> str:
    """A PNG file as a data URL for the ``src`` of an image."""
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


@cache
def environment() -> Environment:
    """Jinja environment of the package's templates, which escapes all values."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=_finalized,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _finalized(value: Any) -> Any:
    """Printable form of a value, before the template escapes it."""
    match value:
        case Markup() | StrictUndefined():
            return value
    return printable(value)
