"""The pictures and tables of docs/how-to/own-data.md are those of the script that draws them."""

import importlib.util
import re
from pathlib import Path

import cv2
import numpy as np

from segadapt.data.label_table.reading import table_of

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "write_own_data_figures.py"


def script():
    found = importlib.util.spec_from_file_location("write_own_data_figures", SCRIPT)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_the_kept_pictures_are_those_that_are_drawn(tmp_path):
    drawn = script()
    drawn.main(tmp_path)
    for name in drawn.KINDS:
        file = f"own_data_{name}.png"
        kept = cv2.imread(str(ROOT / "docs" / "figures" / file)).astype(int)
        now = cv2.imread(str(tmp_path / file)).astype(int)
        assert kept.shape == now.shape
        assert (np.abs(kept - now) > 2).mean() < 0.01  # releases of OpenCV round lines differently


def test_the_tables_of_the_page_are_those_of_the_pictures():
    kinds = script().KINDS
    text = (ROOT / "docs" / "how-to" / "own-data.md").read_text("utf-8")
    section = text[text.index("## What your labels look like") : text.index("## Common problems")]
    tables = [table_of(block, "page") for block in re.findall(r"```yaml\n(.*?)```", section, re.S)]
    for table, (_, drawn) in zip(tables, [kinds["numbers"], kinds["colors"]], strict=True):
        assert (table.names, table.sources, table.ignored) == (
            drawn.names,
            drawn.sources,
            drawn.ignored,
        )
