"""``segadapt prepare-data``: downloads, verifies and unpacks published data sets."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from segadapt.cli.places import CONF
from segadapt.cli.shell import answer
from segadapt.cli.words import UsageError, read_words
from segadapt.data.prepare.procedure import DOWNLOADS, prepare
from segadapt.data.prepare.progress_bars import Bars
from segadapt.data.prepare.recipe import Recipe
from segadapt.files import expanded
from segadapt.runs.overrides import quoted_override
from segadapt.runs.settings.near import hint
from segadapt.text.choices import unknown
from segadapt.text.invocation import command
from segadapt.text.terminal import say


def main(words: Sequence[str]) -> None:
    """Run one command line.

    Args:
        words: The name of a data set and ``KEY=VALUE`` of conf/prepare_data.yaml.
    """
    from segadapt.data.prepare.catalogue import RECIPES

    run(words, RECIPES, Console())


def run(words: Sequence[str], recipes: Mapping[str, Recipe], console: Console) -> None:
    """Run one command line with the given data sets.

    Args:
        words: Words after the command.
        recipes: Data sets by name.
        console: Console for messages.
    """
    again = "interrupted; run the same command again to continue"
    answer(lambda: _prepare_one(words, recipes, console), interrupted=again)


def _prepare_one(words: Sequence[str], recipes: Mapping[str, Recipe], console: Console) -> None:
    options = read_words(words, CONF / "prepare_data.yaml", "name")
    if len(options["name"]) != 1 or options["root"] is None:
        raise UsageError(
            f"Expected one data set and a folder. Write: segadapt prepare-data NAME root=PATH. "
            f"Available: {', '.join(recipes)}."
        )
    (name,) = options["name"]
    _prepare(name, Path(options["root"]), options["test"], recipes, console)


def _prepare(
    name: str, root: Path, test: bool, recipes: Mapping[str, Recipe], console: Console
) -> None:
    if name not in recipes:
        raise ValueError(unknown("data set", name, recipes, suggestion=hint(name, recipes)))
    root = expanded(root)  # shells leave ~ in root=~/data
    recipe = recipes[name].with_test() if test else recipes[name]
    _say(console, f"{recipe.title}, {recipe.home}\nlicence: {recipe.licence}")
    if prepare(recipe, root, Bars(console)):
        _say(console, f"complete; {root / DOWNLOADS} is no longer needed. Train with:")
    else:
        _say(console, "already complete. Train with:")
    _say(console, f"  {command('train')} data={name} {quoted_override('data.root', root)}")


def _say(console: Console, text: str) -> None:
    say(console, *text.splitlines())
