"""One table in every language, read back by that language's own reader."""

import csv
import html.parser
import io
import re

import pytest
from jinja2 import UndefinedError
from rich.console import Console

from segadapt.text.borders import html_text, printable
from segadapt.text.pages import environment
from segadapt.text.tables import Table, csv_text, latex_table, markdown_table

NASTY = ["a|b", "<b>&\"'", "[/b] :smile:", "\x1b[31m", "=1+1", "$x$ %", "道路", "a\nb", "x" * 70]
TABLE = Table(
    ["class", "of which", "long words of a head"],
    [[name, "plain", f"{index}.25"] for index, name in enumerate(NASTY)],
    ["mean", "", "1234567.50"],
    title="A title | of <words>",
    words=2,
)


class Cells(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.rows, self.inside = [], False

    def handle_starttag(self, tag, attributes):
        assert tag in ("div", "table", "thead", "tbody", "tfoot", "tr", "th", "td")
        self.inside = tag in ("th", "td")
        if tag == "tr":
            self.rows.append([])
        elif self.inside:
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.rows[-1][-1] += data


@pytest.fixture
def lines():
    return [[printable(cell) for cell in row] for row in (TABLE.head, *TABLE.rows, TABLE.foot)]


def test_markdown_has_a_row_for_each_line_and_its_notes(lines):
    *rows, blank, note = markdown_table(TABLE, ["a *note*"]).splitlines()
    assert rows.pop(1) == "| --- | --- | ---: |"
    cells = [re.split(r"(?<!\\)\|", row)[1:-1] for row in rows]
    unescaped = [
        [re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", cell.strip()) for cell in row] for row in cells
    ]
    assert unescaped == lines
    assert (blank, note) == ("", r"- a \*note\*")


def test_latex_has_as_many_cells_in_each_row(lines):
    note, begin, top, head, *rows, bottom, end = latex_table(TABLE, ["a note"]).splitlines()
    assert (note, begin, end) == ("% a note", r"\begin{tabular}{llr}", r"\end{tabular}")
    assert (top, rows.pop(0), bottom) == (r"\toprule", r"\midrule", r"\bottomrule")
    assert len(rows) == len(lines) - 1
    assert all(len(re.split(r"(?<!\\)&", row)) == 3 for row in (head, *rows))
    assert all(row.endswith(r" \\") for row in (head, *rows))


def test_csv_keeps_numbers_and_computes_nothing():
    text = csv_text(["=name", "value"], [["-x", -0.5], ["road", None]])
    assert list(csv.reader(io.StringIO(text))) == [
        ["'=name", "value"],
        ["'-x", "-0.5"],
        ["road", ""],
    ]


def test_a_page_holds_the_text_of_every_cell(lines):
    parser = Cells()
    parser.feed(rendered("{{ table(content) }}", content=TABLE))
    assert parser.rows == lines


def rendered(text, **content):
    macro = '{% from "text/parts.html" import table %}'
    return environment().from_string(macro + text).render(**content)


@pytest.mark.parametrize("width", [30, 50, 80, 200])
def test_numbers_stay_whole_on_every_terminal(width):
    out = io.StringIO()
    Console(file=out, width=width).print(TABLE)
    text = out.getvalue()
    assert all(row[2] in text for row in (*TABLE.rows, TABLE.foot))
    assert "…" not in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= width
    assert ("long words of a head" in text) == (width == 200)


def test_a_long_word_in_a_head_leaves_room_for_the_words():
    out = io.StringIO()
    Console(file=out, width=60).print(Table(["arm", f"minus {'x' * 70}"], [["cac", "+1.25"]]))
    assert out.getvalue().splitlines()[-1].split() == ["cac", "+1.25"]


def test_columns_can_be_selected_and_the_room_for_words_is_known():
    part = TABLE.select([0, 2])._replace(words=1)
    assert part.head == ["class", "long words of a head"]
    assert part.foot == ["mean", "1234567.50"]
    assert part.room(40) == 40 - 2 * 2 - len("1234567.50")


def test_a_value_that_a_template_lacks_is_an_error():
    with pytest.raises(UndefinedError, match="'note' is undefined"):
        rendered("<p>{{ note }}</p>")


@pytest.mark.parametrize("name", NASTY)
def test_a_value_is_written_as_it_is_elsewhere_escaped(name):
    assert rendered("{{ name }}", name=name) == html_text(name)
