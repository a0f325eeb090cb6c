"""Pages made from the package's templates: one file each, in which all foreign text is escaped."""

import base64
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from segadapt.text.borders import printable

TEMPLATES: Final = Path(__file__).parents[1]
"""Templates are named by their path in the package, such as ``text/page.html``."""


def render(template: str, **content: object) -> str:
    """A page that needs nothing else: no script, font or picture from elsewhere.

    Args:
        template: Its path in the package.
        content: What the template shows. It escapes every value that is not ``Markup``, and raises
            where a value is missing.
    """
    return environment().get_template(template).render(**content)


def png_source(content: bytes) -> str:
    """A PNG file as the source of an image, within the page."""
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


@cache
def environment() -> Environment:
    """Where templates are found, and what happens to the values that they show."""
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
    """What a template writes for a value, before it escapes it."""
    match value:
        case Markup() | StrictUndefined():
            return value
    return printable(value)
