"""Groups and options for ``--help``: folded to the terminal, experiments by table."""

import re
import shlex
import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from omegaconf import DictConfig, OmegaConf

from segadapt.cli.groups import groups, option_names
from segadapt.cli.key_table import heading, key_lines, keys
from segadapt.cli.places import CONF
from segadapt.text.invocation import command

EXPERIMENT: Final = "experiment"

INDENT: Final = "    "


def list_options(conf: Path, width: int, wanted: str | None = None) -> str:
    """Groups with their options, as lines of text.

    Args:
        conf: Folder of the config groups.
        width: Characters of a line.
        wanted: The only group to show; None for all.
    """
    chosen = [wanted] if wanted else list(groups(conf))
    return "\n".join(line for group in chosen for line in _lines(conf, group, width))


def register(conf: Path) -> None:
    """Register the resolvers ``${offered:GROUP}``, ``${chosen:}`` and ``${command:VERB}``."""

    def offer(wanted: str = "") -> str:
        return list_options(conf, shutil.get_terminal_size().columns, wanted or None)

    def choose(*, _root_: DictConfig) -> str:
        width = shutil.get_terminal_size().columns
        made = _root_.hydra
        text = chosen(conf, made.overrides.task, made.runtime.choices, width)
        return text.replace("$", "$$")  # Hydra's help is a string.Template

    OmegaConf.register_new_resolver("offered", offer, replace=True)
    OmegaConf.register_new_resolver("chosen", choose, replace=True)
    OmegaConf.register_new_resolver("command", command, replace=True)


def chosen(
    conf: Path, overrides: Sequence[str], choices: Mapping[str, str | None], width: int
) -> str:
    """The chosen option of every group, and the keys of options that the overrides name.

    Args:
        conf: Folder of the config groups.
        overrides: As typed.
        choices: The option of every group, as chosen by Hydra.
        width: Characters of a line.
    """
    known = {name.partition("@")[0]: option for name, option in choices.items() if option}
    shown = [f"{name}={known[name]}" for name in groups(conf) if name in known]
    parts = [
        f"With {shlex.join(overrides)}:",
        "\n".join(_folded(f"{INDENT}{'  '.join(shown)}", width, INDENT)),
        f"Options of a group: {command('options')} GROUP",
    ]
    named = [word.partition("=")[::2] for word in overrides]
    parts += [
        option_help(group, option).rstrip()
        for group, option in named
        if (conf / group / f"{option}.yaml").is_file()
    ]
    return "\n\n".join(parts)


def option_help(group: str, option: str) -> str:
    """The keys of one option of a config group, as ``segadapt options GROUP=OPTION`` shows them."""
    width = min(shutil.get_terminal_size().columns, 100)
    file = CONF / group / f"{option}.yaml"
    lines = "\n".join(key_lines(keys(file), width))
    title = textwrap.wrap(f"{group}={option}: {heading(file)}".strip(" :"), max(width, 60))
    return "\n".join(title) + f"\n\n{lines}\n"


def _lines(conf: Path, group: str, width: int) -> Iterator[str]:
    options = option_names(conf / group)
    if group != EXPERIMENT:
        yield from _folded(f"{group}: {', '.join(options)}", width, INDENT)
        return
    yield from _folded(
        f"{group}: {len(options)}, each row of the papers' tables and presets that test other "
        "explanations. Below, replace * by a name after the colon, e.g. experiment=cac_table2_e. "
        "A whole table: -m 'experiment=glob(cac_table2_*)'",
        width,
        INDENT,
    )
    for table, names in groupby(options, _table):
        endings = [name.removeprefix(table) for name in names]
        line = f"{INDENT}{table}* ({len(endings)}): {', '.join(_braced(endings))}"
        yield from _folded(line, width, 2 * INDENT)


def _table(experiment: str) -> str:
    """The prefix that the rows of a table share."""
    found = re.match(r"[a-z]+_table\d+_|[a-z]+_", experiment)
    return found[0] if found else experiment


def _braced(names: Sequence[str]) -> Iterator[str]:
    """Names, with neighbours that differ only in their last word joined as ``a_{b,c}``."""
    for first, group in groupby(names, lambda name: name.rpartition("_")[0]):
        lasts = [name.rpartition("_")[2] for name in group]
        if first:
            yield f"{first}_{lasts[0]}" if len(lasts) == 1 else f"{first}_{{{','.join(lasts)}}}"
        else:
            yield from lasts


def _folded(text: str, width: int, indent: str) -> Sequence[str]:
    return textwrap.wrap(
        text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
