"""Reader of untrusted XML files: limited in bytes and depth, without entities."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, Final

from segadapt.text.bounded import DEPTH, read_text

ENTITIES: Final = ("<!DOCTYPE", "<!ENTITY")
"""Declarations by which a small file can expand to a large one."""


def read_xml(file: Path, limit: int) -> ET.Element:
    """The root of an XML file.

    Args:
        file: The file.
        limit: Bytes that it may have.

    Raises:
        ValueError: If it is larger, is not XML in UTF-8, declares entities, or is nested too
            deeply.
    """
    text = read_text(file, limit)
    if any(word in text for word in ENTITIES):
        raise ValueError(f"{file} declares a document type or entities; remove the declaration")
    parser = ET.XMLParser(target=_Shallow())
    try:
        parser.feed(text)
        root = parser.close()
    except (ET.ParseError, LookupError, ValueError) as error:
        raise ValueError(f"{file} is not valid XML ({error}); export it again") from error
    return root


class _Shallow(ET.TreeBuilder):
    """Builds elements up to a depth.

    Raises:
        ValueError: If they are nested more deeply.
    """

    depth = 0

    def start(self, tag: Any, attrs: Any, /) -> ET.Element:
        self.depth += 1
        if self.depth > DEPTH:
            raise ValueError(f"it is nested more than {DEPTH} levels deep")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ET.Element:
        self.depth -= 1
        return super().end(tag)
