"""Fetch a published data set: python scripts/prepare_data.py NAME --root PATH."""

import sys

from rich.console import Console

from segadapt.cli.prepare_data import run
from segadapt.data.prepare.catalogue import RECIPES

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], RECIPES, Console()))
