"""What can be chosen, as ``--help`` shows it: folded to the terminal, experiments by table."""

import re
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from omegaconf import OmegaConf

from segadapt.text.invocation import command

EXPERIMENT: Final = "experiment"

INTERNAL: Final = ("hydra", "experiment/base")
"""Groups that only other configs choose from."""

INDENT: Final = "    "


def offered(conf: Path, width: int, wanted: str | None = None) -> str:
    """Groups with their options, as a text of several lines.

    Args:
        conf: Folder of the config groups.
        width: Characters of a line.
        wanted: The only group to show; None: all.
    """
    chosen = [wanted] if wanted else list(groups(conf))
    return "\n".join(line for group in chosen for line in _lines(conf, group, width))


def register(conf: Path) -> None:
    """Let help ask for it, ``${offered:}``, ``${offered:GROUP}``, and for ``${command:VERB}``."""

    def resolve(wanted: str = "") -> str:
        return offered(conf, shutil.get_terminal_size().columns, wanted or None)

    OmegaConf.register_new_resolver("offered", resolve, replace=True)
    OmegaConf.register_new_resolver("command", command, replace=True)


def groups(conf: Path) -> Iterator[str]:
    """Config groups that a user chooses from."""
    for folder in sorted(path for path in conf.rglob("*") if path.is_dir()):
        name = folder.relative_to(conf).as_posix()
        inside = any(name == group or name.startswith(f"{group}/") for group in INTERNAL)
        if not inside and option_names(folder):
            yield name


def option_names(folder: Path) -> list[str]:
    """The options of a group."""
    return sorted(file.stem for file in folder.glob("*.yaml"))


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
    """The beginning that the rows of a table share."""
    found = re.match(r"[a-z]+_table\d+_|[a-z]+_", experiment)
    return found[0] if found else experiment


def _braced(names: Sequence[str]) -> Iterator[str]:
    """Neighbours that differ in their last word only, in one as shells write it: ``a_{b,c}``."""
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
