"""docs/models.md, whose sections are written by different commands."""

from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "models.md"
TITLE: Final = "# Models\n"
ORDER: Final = (
    "Cost and weights",
    "Printed by SSA",
    "torch.compile",
    "Activation checkpointing",
)
"""Headings of the sections."""


def write_section(heading: str, body: str, page: Path = PAGE) -> None:
    """Replace one section of the page, or add it; the others stay as they are.

    Args:
        heading: One of :data:`ORDER`.
        body: Its Markdown.
        page: The file.
    """
    parts = sections(page) | {heading: body.strip()}
    page.parent.mkdir(exist_ok=True)
    blocks = [f"## {name}\n\n{parts[name]}\n" for name in ORDER if name in parts]
    page.write_text("\n".join([TITLE, *blocks]))
    print(f"section {heading!r} written to {page}")


def sections(page: Path = PAGE) -> dict[str, str]:
    """The existing sections, by heading."""
    if not page.is_file():
        return {}
    _, *blocks = page.read_text().split("\n## ")
    pairs = [block.partition("\n") for block in blocks]
    return {heading: body.strip() for heading, _, body in pairs}
