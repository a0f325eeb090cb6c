"""Write the reference pages of commands and config: python scripts/write_reference.py."""

from pathlib import Path
from typing import Final

from segadapt.cli.groups import groups, option_names
from segadapt.cli.key_table import Key, heading, keys
from segadapt.cli.main import VERBS, sentence
from segadapt.cli.option_help import EXPERIMENT
from segadapt.cli.places import CONF
from segadapt.cli.shell import answer
from segadapt.cli.verb_help import EXAMPLES
from segadapt.text.tables import pipe_table

REFERENCE: Final = Path(__file__).resolve().parents[1] / "docs" / "reference"

NOTE: Final = "<!-- Written by scripts/write_reference.py; a test compares. -->\n"

SHORT: Final = ("model", "model/encoder", "model/decoder", EXPERIMENT)
"""Groups whose options are listed with one line each; docs/models.md describes them."""


def commands() -> str:
    """The page of all verbs."""
    usage = "Type `segadapt VERB KEY=VALUE ...`; `segadapt VERB --help` explains its keys."
    lines = [NOTE, "# Commands", "", usage, ""]
    for verb in VERBS:
        lines += [f"## `{verb}`", "", sentence(verb), ""]
        if examples := EXAMPLES.get(verb):
            lines += ["```bash", *examples, "```", ""]
        file = CONF / f"{verb.replace('-', '_')}.yaml"
        if file.exists():
            lines += [*table(keys(file)), ""]
    return "\n".join(lines)


def config() -> str:
    """The page of all config groups of a training."""
    lines = [NOTE, "# Config groups and keys", "", "`segadapt options` prints the same lists.", ""]
    for group in groups(CONF):
        lines += [f"## `{group}`", ""]
        names = option_names(CONF / group)
        if group in SHORT:
            options = [[f"`{name}`", _cell(heading(_file(group, name)))] for name in names]
            lines += [*pipe_table(["option", ""], options, 2), ""]
            continue
        for name in names:
            lines += [f"### `{group}={name}`", "", heading(_file(group, name)), ""]
            if rows := keys(_file(group, name)):
                lines += [*table(rows), ""]
    return "\n".join(lines)


def table(rows: list[Key]) -> list[str]:
    """Keys as a Markdown table.

    Args:
        rows: The keys.
    """
    lines = [[f"`{key.name}`", f"`{_cell(key.default)}`", _cell(key.meaning)] for key in rows]
    return pipe_table(["key", "default", "meaning"], lines, 3)


def pages() -> dict[str, str]:
    """File names and their texts."""
    return {"commands.md": commands(), "config.md": config()}


def _file(group: str, name: str) -> Path:
    return CONF / group / f"{name}.yaml"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write both pages."""
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    answer(main)
