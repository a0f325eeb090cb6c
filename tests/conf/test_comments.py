"""What ``--help`` and the reference show of a key is the comment in its YAML."""

from itertools import pairwise

import pytest

from segadapt.cli.key_table import GRAMMAR, keys
from segadapt.cli.places import CONF

FILES = sorted(CONF.rglob("*.yaml"))


@pytest.fixture(scope="module")
def meanings():
    """What stands behind each key of each file."""
    return {
        f"{file.relative_to(CONF)}: {key.name}": key.meaning
        for file in FILES
        for key in keys(file, hidden=GRAMMAR)
    }


def test_every_key_has_a_comment(meanings):
    assert len(FILES) > 400
    lacking = [name for name, meaning in meanings.items() if not meaning]
    assert lacking == [], "write behind each key what its value means, with the unit"


def test_no_comment_is_cut(meanings):
    """A comment goes on in the next line only if it begins in the same column there."""
    cut = [
        name
        for name, meaning in meanings.items()
        if meaning.endswith((",", ";", ":", "(")) or meaning.count("(") != meaning.count(")")
    ]
    assert cut == []


def test_no_comment_hangs_in_the_air():
    """An indented line of comment continues the comment above it, in the same column."""
    stray = []
    for file in FILES:
        lines = file.read_text("utf-8").splitlines()
        stray += [
            f"{file.relative_to(CONF)}: {line.strip()}"
            for above, line in pairwise(lines)
            if line.startswith(" ")
            and line.lstrip().startswith("#")
            and above[line.index("#") : line.index("#") + 1] != "#"
        ]
    assert stray == []


def test_comments_name_the_commands_of_the_wheel():
    """The same files lie in a wheel, where ``train.py`` and ``scripts/`` do not exist."""
    doors = ("train.py", "scripts/")
    named = [file.name for file in FILES for door in doors if door in file.read_text("utf-8")]
    assert named == []
