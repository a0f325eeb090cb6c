"""``segadapt figures``: draw what trained networks learnt."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from segadapt.analysis.figures.selection import check_chosen
from segadapt.cli.places import CONF
from segadapt.cli.shell import answer
from segadapt.cli.words import UsageError, check_range, read_words
from segadapt.runs.trust import check, check_names, trusting
from segadapt.text.borders import print_line

ANY = "run"
"""The word ``run=FOLDER`` gives a run the name of its folder as a title."""

LARGEST_SEED: Final = 2**32 - 1
"""The largest seed of NumPy and scikit-learn."""


def main(words: Sequence[str]) -> None:
    """Run one command line.

    Args:
        words: Run folders, ``TITLE=FOLDER``, and ``KEY=VALUE`` of conf/figures.yaml.
    """
    answer(lambda: figures(words))


def figures(words: Sequence[str]) -> None:
    """Draw the figures of runs as requested by the words."""
    options = read_words(words, CONF / "figures.yaml", "runs", titles=True)
    if not options["runs"]:
        raise UsageError("No runs given. Pass run folders, or TITLE=FOLDER.")
    check_range(options, "images", 1)
    check_range(options, "seed", 0, LARGEST_SEED)
    folders = titled(options["runs"])
    by_name = trusting if options["trust_config"] else check_names
    check_chosen(folders, options["checkpoint"], options["wandb"], by_name)
    from segadapt.analysis.figures.draw import DrawOptions, draw_figures
    from segadapt.analysis.figures.optional_packages import EXTRAS, install_hint, is_installed
    from segadapt.training.library_warnings import silence_known_warnings

    silence_known_warnings()
    files = draw_figures(
        folders,
        None if options["out"] is None else Path(options["out"]),
        trusting if options["trust_config"] else check,
        options["checkpoint"],
        DrawOptions(images=options["images"], seed=options["seed"]),
        options["wandb"],
    )
    for file in files:
        print_line(f"drawn: {file}")
    for module in EXTRAS:
        if not is_installed(module):
            print_line(f"not drawn: {install_hint(module)}")


def titled(runs: Sequence[str]) -> dict[str, Path]:
    """Run folders by title.

    Args:
        runs: ``FOLDER`` or ``TITLE=FOLDER``.

    Raises:
        ValueError: If two have the same title.
    """
    folders: dict[str, Path] = {}
    for text in runs:
        title, equals, folder = text.partition("=")
        if not equals or Path(text).exists():
            title, folder = ANY, text
        path = Path(folder)
        name = path.resolve().name if title == ANY else title
        if name in folders:
            raise ValueError(
                f"two runs are called {name}: {folders[name]} and {path}; pass TITLE=FOLDER"
            )
        folders[name] = path
    return folders
