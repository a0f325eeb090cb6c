"""``segadapt options``: lists config groups, their options, and tables of the papers."""

import shutil
import sys
import textwrap
from collections.abc import Sequence

from segadapt.cli.groups import groups, option_names, summary
from segadapt.cli.key_table import heading
from segadapt.cli.main import USAGE_ERROR
from segadapt.cli.option_help import EXPERIMENT, list_options, option_help
from segadapt.cli.places import CONF
from segadapt.runs.settings.near import hint


def main(words: Sequence[str]) -> int:
    """List groups, the options of a group, or the keys of an option.

    Args:
        words: Nothing, ``GROUP``, or ``GROUP=OPTION``.

    Returns:
        The exit code.
    """
    names = list(groups(CONF))
    if not words:
        print("\n".join(summary(CONF, name) for name in names))
        return 0
    if len(words) > 1:
        print("error: Name one group at a time: segadapt options GROUP[=OPTION].", file=sys.stderr)
        return USAGE_ERROR
    group, _, option = words[0].partition("=")
    if group not in names:
        print(f"error: {_unknown('config group', group, names)}", file=sys.stderr)
        return USAGE_ERROR
    if not option:
        print(_options(group))
        return 0
    if option not in option_names(CONF / group):
        message = _unknown(f"option of {group}", option, option_names(CONF / group))
        print(f"error: {message}", file=sys.stderr)
        return USAGE_ERROR
    print(option_help(group, option), end="")
    return 0


def _options(group: str) -> str:
    """The options of a group, one line each; experiments by table."""
    width = shutil.get_terminal_size().columns
    if group == EXPERIMENT:
        return list_options(CONF, width, group)
    names = option_names(CONF / group)
    column = max(map(len, names)) + 2
    lines = []
    for name in names:
        meaning = heading(CONF / group / f"{name}.yaml") or "-"
        lines.append(
            textwrap.shorten(f"{name:{column}}".replace(" ", "\0") + meaning, max(width, 60))
        )
    return "\n".join(lines).replace("\0", " ")


def _unknown(kind: str, name: str, names: Sequence[str]) -> str:
    shown = f" Available: {', '.join(names)}." if len(names) <= 60 else ""
    return f"Unknown {kind} {name!r}.{hint(name, names)}{shown}"
