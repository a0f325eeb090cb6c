"""The command line of ``scripts/prepare_data.py``."""

import argparse
import difflib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from segadapt.data.prepare.procedure import DOWNLOADS, prepare
from segadapt.data.prepare.progress_bars import Bars
from segadapt.data.prepare.recipe import Recipe
from segadapt.files import expanded
from segadapt.runs.overrides import typed
from segadapt.text.borders import print_line
from segadapt.text.terminal import say

INTERRUPTED = 130
"""Exit code of a command that was stopped by Ctrl-C, as shells have it."""


def run(arguments: Sequence[str], recipes: Mapping[str, Recipe], console: Console) -> int:
    """Answer a command line.

    Args:
        arguments: What stands behind the command.
        recipes: The data sets by name.
        console: Where to report.

    Returns:
        The exit code.
    """
    options = _parser(recipes).parse_args(arguments)
    try:
        _prepare(options.name, options.root, options.test, recipes, console)
    except (ValueError, OSError) as error:
        print_line(f"error: {_sentence(error)}", error=True)
        return 1
    except KeyboardInterrupt:
        print("interrupted; call again to go on from here", file=sys.stderr)
        return INTERRUPTED
    return 0


def _prepare(
    name: str, root: Path, test: bool, recipes: Mapping[str, Recipe], console: Console
) -> None:
    if name not in recipes:
        near = difflib.get_close_matches(name, recipes, n=1)
        meant = f", did you mean {near[0]}?" if near else ""
        raise ValueError(f"there is no data set {name}{meant}; there is {', '.join(recipes)}")
    root = expanded(root)  # shells leave a ~ behind --root= as it is
    recipe = recipes[name].with_test() if test else recipes[name]
    _say(console, f"{recipe.title}, {recipe.home}\nlicence: {recipe.licence}")
    if prepare(recipe, root, Bars(console)):
        _say(console, f"complete; {root / DOWNLOADS} is not needed any more. Train with:")
    else:
        _say(console, "already complete. Train with:")
    _say(console, f"  python train.py data={name} {typed('data.root', root)}")


def _say(console: Console, text: str) -> None:
    say(console, *text.splitlines())


def _sentence(error: ValueError | OSError) -> str:
    """One line about an error."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split())


def _parser(recipes: Mapping[str, Recipe]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="prepare_data.py",
        description="Fetch a published data set, verify and unpack it. A broken call is repeated: "
        "it goes on where it stopped, and does nothing to what is complete.",
        epilog="Data sets:\n" + "\n".join(_lines(recipes)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", help="data set, as in data=NAME")
    parser.add_argument(
        "--root", type=Path, required=True, metavar="PATH", help="folder for it, as in data.root"
    )
    parser.add_argument(
        "--test",
        action="store_true",
        help="also the images without labels that the server of ade20k takes predictions of",
    )
    return parser


def _lines(recipes: Mapping[str, Recipe]) -> list[str]:
    return [f"  {name:17} {recipe.size:>6}  {recipe.licence}" for name, recipe in recipes.items()]
