"""Phrases that were translated word by word stay out of all that people read."""

import ast
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PHRASES = {
    r"(?<![Tt]here )(?<!how )\b(is|are|was|were) no (folder|file|name|number|class|label|image|run|"
    r"trial|picture|secret|value|key|such|condition|border|option|table)\b": "is not a ...",
    r"(?<![Tt]here )\b(is|are|was|were) none\b(?! of)": "is not one",
    r"\bgo(es)? on (with|where)\b|\bbegin(s)? anew\b": "continue, resume, start over",
    r"\b(is|are|was|were) left out\b(?! of)|\bleaves? (it|them|this) out\b": "is omitted",
    r"\b(is|are) owed\b": "is needed",
    r"\bby hand of\b": "by means of, with",
    r"\bone a (line|run|batch|step|class|process|day|second|image|pixel)\b": "one per ...",
    r"\b(any|every|each|all|few) but for\b|\bbut for (the|those|a|an)\b": "except for",
    r"\b(is|are|was|were) found out\b|: found out\b": "is detected",
    r"\b(fraction|share|part) of itself\b": "say of what",
    r"\bweighs? the same\b": "have equal weight",
    r"\bwhat is (typed|said)\b|\b(is|are) said (of|in)\b": "the overrides, the message",
    r"(?i)\bas good as (no|never)\b|\bof the (users|user's) own\b": "a plain word",
    r"\b(there|here|where)(of|upon|unto)\b": "of it, on it",
    r"\bnot foreseen\b": "unexpected error",
}
"""Patterns, and what is idiomatic instead."""

BEGINNINGS = ("Of", "What", "Which", "Where", "Why", "How", "Those", "That", "Says", "Tells")
"""Words with which no docstring begins: it is a noun phrase ("Settings of ...") or a sentence."""

WRITTEN = ("docs/reference/commands.md", "docs/reference/config.md")
"""Pages that are written from the YAML."""


def strings(file: Path) -> Iterator[tuple[int, str]]:
    """Docstrings and other texts of a module, f-strings with ``X`` for each value."""
    tree = ast.parse(file.read_text("utf-8"))
    inner = {
        part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield (
                node.lineno,
                "".join(
                    getattr(part, "value", "X") if isinstance(part, ast.Constant) else "X"
                    for part in node.values
                ),
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inner:
            yield node.lineno, node.value


def texts() -> Iterator[tuple[str, str]]:
    """Place and text of all that people read."""
    for file in sorted((ROOT / "src" / "segadapt").rglob("*.py")):
        for line, text in strings(file):
            yield f"{file.relative_to(ROOT)}:{line}", text
    for file in [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").rglob("*.md")),
    ]:
        name = str(file.relative_to(ROOT))
        if name not in WRITTEN:
            yield name, file.read_text("utf-8")
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(file.read_text("utf-8"))["cells"]
        yield (
            file.name,
            "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown"),
        )
    for file in sorted((ROOT / "conf").rglob("*.yaml")):
        comments = re.findall(r"#(.*)", file.read_text("utf-8"))
        yield str(file.relative_to(ROOT)), " ".join(comments)


@pytest.fixture(scope="module")
def everything() -> dict[str, str]:
    return {place: " ".join(text.split()) for place, text in texts()}


@pytest.mark.parametrize("phrase", PHRASES)
def test_no_text_has_the_phrase(everything, phrase):
    pattern = re.compile(phrase)
    found = [
        f"{place}: ...{text[max(0, match.start() - 40) : match.end() + 40]}..."
        for place, text in everything.items()
        for match in pattern.finditer(text)
    ]
    assert found == [], f"instead: {PHRASES[phrase]}"


def lines_in(folder: str, find: Callable[[str], list[str]]) -> list[str]:
    """Findings in the modules below a folder, with their paths."""
    return [
        f"{file.relative_to(ROOT)}: {line}"
        for file in sorted((ROOT / folder).rglob("*.py"))
        for line in find(file.read_text("utf-8"))
    ]


def stiff(source: str) -> list[str]:
    """First lines of docstrings that begin with a relative clause, or with a lone preposition."""
    return re.findall(rf'^\s*r?"""((?:{"|".join(BEGINNINGS)}) .*)', source, re.MULTILINE)


@pytest.mark.parametrize("folder", ["src/segadapt", "scripts", "benchmarks", "tests/support"])
def test_docstrings_begin_with_their_subject(folder):
    assert lines_in(folder, stiff) == []


def test_docstrings_are_read_wherever_they_stand():
    stood = '"""What it is."""\nA = 1\n"""Of it.\n\nMore."""\ndef f():\n    r"""Which one."""\n'
    assert stiff(stood) == ['What it is."""', "Of it.", 'Which one."""']
    plain = '"""Whether it is."""\nTEXT = "What it is"\n    """Officially, a noun."""\n'
    assert stiff(plain) == []


def flat_sections(source: str) -> list[str]:
    """Lines of sections such as Args that are not indented below their heading."""
    sections = re.findall(
        r"^( +)(?:Args|Returns|Yields|Raises|Note):\n((?:(?! *\"\"\").*\S.*\n)+)",
        source,
        re.MULTILINE,
    )
    return [
        line.strip()
        for indent, lines in sections
        for line in lines.splitlines()
        if not line.startswith(indent + "    ")
    ]


@pytest.mark.parametrize("folder", ["src/segadapt", "scripts", "benchmarks"])
def test_sections_of_docstrings_are_indented(folder):
    assert lines_in(folder, flat_sections) == []


def test_an_entry_beside_its_heading_is_found():
    entries = "    Raises:\n        Held: By another.\n    OSError: If it fails.\n"
    assert flat_sections(f'{entries}    """\n') == ["OSError: If it fails."]


def test_the_patterns_find_what_they_are_for(everything):
    assert len(everything) > 5000
    translated = (
        *(
            "X is no folder",
            "X is none",
            "it goes on where it stopped",
            "ignored pixels are left out",
        ),
        *("which is owed", "by hand of the table", "one a line", "nothing but for the table"),
        *("how they are called; null: found out", "the part of itself that it keeps"),
        *("every class weighs the same", "what is said of X", "a folder of the user's own"),
        *("the folder thereof", "this was not foreseen"),
    )
    for phrase, text in zip(PHRASES, translated, strict=True):
        assert re.search(phrase, text), text
    plain = "There is no folder. There are no files. They are none of these. It is no longer there."
    assert not [phrase for phrase in PHRASES if re.search(phrase, plain)]
