"""Hostile text comes out of each border as itself, read back by that language's own reader."""

import csv
import html.parser
import io
import json
import os
import re
import sys

import cv2
import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.cbook import is_math_text
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from segadapt.text.borders import (
    csv_cell,
    figure_names,
    figure_text,
    html_text,
    latex_comment,
    latex_text,
    markdown_text,
    opencv_text,
    print_line,
    printable,
    printable_values,
    shortened,
    spell_out,
)
from segadapt.text.terminal import cell, say

NASTY = (
    *("[void]", "lane [/] kerb", "[/b]", "[link=https://x]y[/link]", ":smile:", "a[0m"),
    *("\x1b[31mred\x1b[0m", "\x07\x08\r\n\t", "a\nb", "\u202egnp", "\ufeffroad", "\u2028"),
    *(os.fsdecode(b"stra\xdfe"), os.fsdecode(b"\xff"), "\ud800", "x" * 200, "=1+1", "@SUM(A1)"),
    *("+cmd|' /C calc'!A0", "-2+3", "--x", " =1", "_hidden", "__init__", "$x$", "a$b", r"\$", "%"),
    *("<script>alert(1)</script>", "\"&'", "| a |", "`rm`", "**b**", "# h", "- i", "1. l", "^^M"),
    *("Straße", "äöü", "道路", "é", "{}", "{task.x}", "~", "\\", "*", "[x]", "\0", "no", "null"),
)


@pytest.mark.parametrize("text", NASTY)
def test_printable_text_is_one_line_of_valid_unicode(text):
    found = printable(text)
    assert found.encode("utf-8").decode("utf-8") == found
    assert "\x1b" not in found
    assert len(found.splitlines()) <= 1
    assert printable(found) == found
    if text.isprintable():
        assert found == text


def test_what_cannot_be_printed_is_spelt():
    assert printable(os.fsdecode(b"stra\xdfe")) == r"stra\xdfe"
    assert printable("\x1b[31m\n") == r"\x1b[31m\n"
    assert printable_values({"\x07": ["\udcff", 1, None, ("\n",)]}) == {
        r"\x07": [r"\xff", 1, None, [r"\n"]]
    }


@pytest.mark.parametrize("text", NASTY)
def test_a_console_shows_the_text_itself(text):
    out = io.StringIO()
    console = Console(file=out, width=1000, force_terminal=True, color_system="truecolor")
    say(console, text)
    table = Table(title=cell(text, "table.title"), box=None)
    table.add_column(cell(text))
    table.add_row(cell(text))
    console.print(table)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    assert plain.splitlines()[0] == printable(text)
    assert plain.count(printable(text).strip()) >= 4


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_lines_pass_any_encoding_of_the_terminal(monkeypatch, encoding):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding))
    spell_out()
    for text in NASTY:
        print_line(text)
    Console(file=sys.stdout).print(cell("道路"))
    assert len(raw.getvalue().decode(encoding).split("\n")) > len(NASTY)


@pytest.mark.parametrize("text", NASTY)
def test_a_spreadsheet_computes_nothing(text):
    out = io.StringIO()
    csv.writer(out).writerow([csv_cell(text), csv_cell(-1.5), csv_cell(None)])
    (row,) = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert row[0].lstrip()[:1] not in ("=", "+", "@", "-")
    assert row[0].removeprefix("'") == printable(text)
    assert row[1:] == ["-1.5", ""]


def test_numbers_that_are_text_stay_numbers():
    assert [csv_cell(text) for text in ("-0.1", "+3", "1e-3")] == ["-0.1", "+3", "1e-3"]


class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("text", NASTY)
def test_a_page_holds_the_text_and_no_tag_of_it(text):
    reader = Reader()
    reader.feed(f'<img alt="{html_text(text)}"><p>{html_text(text)}</p>')
    assert reader.tags == [("img", {"alt": printable(text)}), ("p", {})]
    assert reader.text == printable(text)


@pytest.mark.parametrize("text", NASTY)
def test_markdown_and_latex_hold_no_sign_of_their_own(text):
    written = markdown_text(text)
    bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", written)  # escaped punctuation is text
    assert not re.search(r"[`*\[\]<>|~]|^\s*(#|[-+] |\d+[.)] )", bare)
    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", written) == printable(text)
    tex = latex_text(text)
    commands = re.sub(r"\\(text\w+\{\}|pm|[&%#_{}$])|\$\\pm\$", "", tex)
    assert not re.search(r"[\\&%#_$^~]|--|^[\[*]", commands)
    assert len(latex_comment(text).splitlines()) == 1


def test_latex_says_every_sign():
    assert latex_text(r"a\b^c~d<e") == (
        r"a\textbackslash{}b\textasciicircum{}c\textasciitilde{}d\textless{}e"
    )
    assert (latex_text("[wet]"), latex_text("--x")) == ("{[}wet]", "{-}{-}x")


@pytest.mark.parametrize("text", NASTY)
def test_a_figure_draws_it_as_text_in_its_legend_too(text):
    name = figure_text(text)
    assert not is_math_text(name)
    figure = Figure(figsize=(4, 3))
    axes = figure.subplots()
    axes.plot([0, 1], label=name)
    axes.set_title(name)
    legend = axes.legend()
    figure.canvas.draw()  # a glyph that is missing would be a warning, which is an error here
    assert len(legend.get_texts()) == 1


def test_long_names_are_shortened_and_stay_apart():
    names = figure_names(["x" * 200 + "a", "y" + "x" * 200, "z" * 100 + "1", "z" * 100 + "1"])
    assert len(set(names)) == 4
    assert all(len(name) <= 42 for name in names)
    assert shortened("abcdefghij", 8) == "ab...hij"


@pytest.mark.parametrize("text", NASTY)
def test_opencv_draws_it_in_ascii(text):
    drawn = opencv_text(text)
    assert drawn.isascii()
    assert drawn.isprintable()
    picture = np.full((30, 400, 3), 255, np.uint8)
    cv2.putText(picture, drawn, (2, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0))
    cv2.getTextSize(drawn, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)


def test_accents_are_dropped_rather_than_letters():
    assert opencv_text("Straße äöü é Ø 道") == r"Strasse aou e O \u9053"


def test_json_of_printable_values_is_read_by_strict_readers():
    for text in NASTY:
        json.dumps(printable_values({text: text}), ensure_ascii=False).encode("utf-8")
    assert mpl.rcParams["text.parse_math"]  # the default under which all of the above was drawn
