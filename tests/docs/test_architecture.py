"""The files and names that the guides lead to exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "segadapt"
GUIDES = ("CONTRIBUTING.md", "docs/explanation/architecture.md")
QUOTED = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"[\w./]+/\w+\.(py|yaml)")
NEW_FILE = re.compile(r"(^|[/_])x\.(py|yaml)$|^losses/dice\.py$")

NAME = re.compile(r"[A-Z]\w+(\.\w+)?|[a-z]\w+")
NOT_OURS = {"instantiate", "cost", "latency"}
"""Hydra's function, and keys of the config."""


def quoted(guide):
    text = (ROOT / guide).read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return QUOTED.findall(prose)


@pytest.mark.parametrize("guide", GUIDES)
def test_quoted_files_exist(guide):
    files = [word for word in quoted(guide) if FILE.fullmatch(word)]
    places = [file for file in files if not NEW_FILE.search(file)]
    assert len(places) > 8
    missing = [
        file for file in places if not ((PACKAGE / file).is_file() or (ROOT / file).is_file())
    ]
    assert missing == []


def test_names_of_the_walks_are_defined():
    source = "\n".join(file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py"))
    defined = set(re.findall(r"^\s*(?:def|class) (\w+)", source, flags=re.MULTILINE))
    text = (ROOT / GUIDES[1]).read_text(encoding="utf-8")
    walks = text[text.index("## The walk of a batch") :]
    words = [word for word in QUOTED.findall(walks) if NAME.fullmatch(word)]
    names = {word.rpartition(".")[2] for word in words} - NOT_OURS
    assert len(names) > 40
    assert sorted(names - defined) == []
