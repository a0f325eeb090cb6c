"""Draw what trainings learnt: python scripts/figures.py run=RUN, or fixed=RUN cac=RUN ssa=RUN."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from segadapt.analysis.figures.selection import check_chosen
from segadapt.cli.shell import answer
from segadapt.runs.trust import check, check_names, trusting
from segadapt.text.borders import print_line

ANY = "run"
"""``run=FOLDER`` gives a run no title but the name of its folder."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read a command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", help="run folders, each with a title if TITLE=FOLDER")
    parser.add_argument("--out", type=Path, help="folder for the figures that show all runs")
    parser.add_argument("--checkpoint", default="last", help="last, best, or a file")
    parser.add_argument("--images", type=int, default=32, help="images that are looked at")
    parser.add_argument("--seed", type=int, default=0, help="of the sampled pixels and t-SNE")
    parser.add_argument("--wandb", action="store_true", help="log them to the W&B run of each too")
    parser.add_argument("--trust-config", action="store_true", help="build what a config names")
    return parser.parse_intermixed_args(arguments)


def titled(runs: Sequence[str]) -> dict[str, Path]:
    """Run folders by title.

    Raises:
        ValueError: If two have the same.
    """
    found: dict[str, Path] = {}
    for text in runs:
        title, equals, folder = text.partition("=")
        if not equals or Path(text).exists():
            title, folder = ANY, text
        path = Path(folder)
        name = path.resolve().name if title == ANY else title
        if name in found:
            raise ValueError(
                f"two runs are called {name}: {found[name]} and {path}; give TITLE=FOLDER"
            )
        found[name] = path
    return found


def main(arguments: Sequence[str]) -> None:
    """Answer one command line."""
    options = parse(arguments)
    folders = titled(options.runs)
    by_name = trusting if options.trust_config else check_names
    check_chosen(folders, options.checkpoint, options.wandb, by_name)
    from segadapt.analysis.figures.draw import Amount, draw
    from segadapt.analysis.figures.optional_packages import EXTRAS, absence, there
    from segadapt.experiment import build_model
    from segadapt.training.library_warnings import be_quiet

    be_quiet()
    looked = trusting if options.trust_config else check
    amount = Amount(images=options.images, seed=options.seed)
    files = draw(
        folders, options.out, build_model, looked, options.checkpoint, amount, options.wandb
    )
    for file in files:
        print_line(f"drawn: {file}")
    for module in EXTRAS:
        if not there(module):
            print_line(f"not drawn: {absence(module)}")


if __name__ == "__main__":
    answer(lambda: main(sys.argv[1:]))
