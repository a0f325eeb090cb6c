"""What ``--help`` and the reference show of a key is the comment in its YAML."""

from segadapt.cli.key_table import GRAMMAR, keys
from segadapt.cli.places import CONF

FILES = sorted(CONF.rglob("*.yaml"))


def test_every_key_has_a_comment():
    assert len(FILES) > 400
    lacking = [
        f"{file.relative_to(CONF)}: {key.name}"
        for file in FILES
        for key in keys(file, hidden=GRAMMAR)
        if not key.meaning
    ]
    assert lacking == [], "write behind each key what its value means, with the unit"


def test_comments_name_the_commands_of_the_wheel():
    """The same files lie in a wheel, where ``train.py`` and ``scripts/`` do not exist."""
    doors = ("train.py", "scripts/")
    named = [file.name for file in FILES for door in doors if door in file.read_text("utf-8")]
    assert named == []
