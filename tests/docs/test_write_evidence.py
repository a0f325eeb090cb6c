"""scripts/write_evidence.py puts the tables of a comparison into the places that name them."""

import importlib
import re

import pytest

write_evidence = importlib.import_module("scripts.write_evidence")

COMPARED = """| arm | mIoU | seeds | difference to fixed | p |
| --- | ---: | ---: | ---: | ---: |
| SSA | 68.18 ± 0.85 | 3 | +3.89 \\[+3.10, +4.67\\] | 0.006 |

- brackets: 95 % interval

## Power

| arm | seeds |
| --- | ---: |
| SSA | 3 |
"""


def test_tables_are_found_by_their_headings():
    tables = write_evidence.tables(COMPARED)
    assert set(tables) == {"arms", "summary", "power"}
    assert tables["arms"].endswith("- brackets: 95 % interval")
    assert tables["power"] == "| arm | seeds |\n| --- | ---: |\n| SSA | 3 |"
    assert tables["summary"].splitlines() == [
        "| arm | mIoU | seeds | difference to fixed |",
        "| --- | ---: | ---: | ---: |",
        "| SSA | 68.18 ± 0.85 | 3 | +3.89 \\[+3.10, +4.67\\] |",
    ]


def test_a_marked_place_is_replaced_and_nothing_else():
    page = "a\n<!--evidence main:power-->\nold\n<!--/evidence-->\nb\n"
    once = write_evidence.filled(page, lambda name, table: f"{name} {table}")
    assert once == "a\n<!--evidence main:power-->\nmain power\n<!--/evidence-->\nb\n"
    assert write_evidence.filled(once, lambda name, table: f"{name} {table}") == once


@pytest.mark.parametrize("page", write_evidence.PAGES, ids=lambda page: page.name)
def test_every_mark_of_the_pages_names_a_comparison(page):
    marks = write_evidence.MARK.findall(page.read_text())
    assert len(marks) == len(re.findall("<!--evidence", page.read_text())) > 0
    assert {name for _, name, _, _ in marks} <= set(write_evidence.COMPARISONS)


@pytest.mark.slow
@pytest.mark.parametrize("page", write_evidence.PAGES, ids=lambda page: page.name)
def test_the_pages_hold_what_the_comparisons_say(page, monkeypatch):
    monkeypatch.setattr(write_evidence, "DRAWN", ())
    assert write_evidence.filled(page.read_text(), write_evidence.table) == page.read_text()
