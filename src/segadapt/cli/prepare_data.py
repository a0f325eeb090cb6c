"""``segadapt prepare-data``: published data sets, fetched, verified and unpacked."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from segadapt.cli.main import USAGE_ERROR
from segadapt.cli.places import CONF
from segadapt.cli.words import UsageError, read_words
from segadapt.data.prepare.procedure import DOWNLOADS, prepare
from segadapt.data.prepare.progress_bars import Bars
from segadapt.data.prepare.recipe import Recipe
from segadapt.files import expanded
from segadapt.runs.overrides import quoted_override
from segadapt.text.borders import print_line
from segadapt.text.invocation import command
from segadapt.text.terminal import say

INTERRUPTED = 130
"""Exit code of a command that was stopped by Ctrl-C, as shells have it."""


def main(words: Sequence[str]) -> int:
    """Run one command line.

    Args:
        words: The name of a data set and ``KEY=VALUE`` of conf/prepare_data.yaml.

    Returns:
        The exit code.
    """
    from segadapt.data.prepare.catalogue import RECIPES

    return run(words, RECIPES, Console())


def run(words: Sequence[str], recipes: Mapping[str, Recipe], console: Console) -> int:
    """Run one command line with the data sets that there are.

    Args:
        words: What follows the command.
        recipes: The data sets by name.
        console: Where to report.

    Returns:
        The exit code.
    """
    try:
        options = read_words(words, CONF / "prepare_data.yaml", "name")
        if len(options["name"]) != 1 or options["root"] is None:
            raise UsageError(
                f"Give one data set and a folder: segadapt prepare-data NAME root=PATH. "
                f"Available: {', '.join(recipes)}."
            )
        (name,) = options["name"]
        _prepare(name, Path(options["root"]), options["test"], recipes, console)
    except UsageError as error:
        print_line(f"error: {error}", error=True)
        return USAGE_ERROR
    except (ValueError, OSError) as error:
        print_line(f"error: {_sentence(error)}", error=True)
        return 1
    except KeyboardInterrupt:
        print_line("interrupted; run the same command again to continue", error=True)
        return INTERRUPTED
    return 0


def _prepare(
    name: str, root: Path, test: bool, recipes: Mapping[str, Recipe], console: Console
) -> None:
    if name not in recipes:
        near = difflib.get_close_matches(name, recipes, n=1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"Unknown data set {name!r}.{meant} Available: {', '.join(recipes)}.")
    root = expanded(root)  # shells leave a ~ behind --root= as it is
    recipe = recipes[name].with_test() if test else recipes[name]
    _say(console, f"{recipe.title}, {recipe.home}\nlicence: {recipe.licence}")
    if prepare(recipe, root, Bars(console)):
        _say(console, f"complete; {root / DOWNLOADS} is not needed any more. Train with:")
    else:
        _say(console, "already complete. Train with:")
    _say(console, f"  {command('train')} data={name} {quoted_override('data.root', root)}")


def _say(console: Console, text: str) -> None:
    say(console, *text.splitlines())


def _sentence(error: ValueError | OSError) -> str:
    """One line about an error."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split())
