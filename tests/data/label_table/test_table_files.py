"""Label tables in files: three formats, one meaning; every mistake with its line."""

import json
import re

import pytest

from segadapt.data.label_table.reading import read_table, write_table
from segadapt.data.label_table.table import LabelTable, Values

TABLE = LabelTable(
    ("road", "car, parked", "söt"),
    (
        Values((7, 8), ((128, 64, 128),)),
        Values((), ((0, 0, 142), (0, 0, 70))),
        Values((9,)),
    ),
    Values((0, 255), ((0, 0, 0),)),
    others="ignore",
    palette=((128, 64, 128), (1, 2, 3), None),
)

YAML = """\
classes:
  - name: road
    numbers: [7, 8]
    colors: "#804080"
  - name: "car, parked"
    colors: [[0, 0, 142], '00 00 46']
    palette: [1, 2, 3]
  - {name: söt, numbers: 9}
ignored:
  numbers: [0, 255]
  colors: [0, 0, 0]
others: ignore
""".replace("'00 00 46'", "'000046'")

CSV = """\
name,numbers,colors,palette
road,7 8,#804080,
"car, parked",,"#00008e #000046","1 2 3"
söt,9,,
<ignored>,0 255,"(0, 0, 0)",
<others>,ignore,,
"""

JSON = json.dumps(
    {
        "classes": [
            {"name": "road", "numbers": [7, 8], "colors": ["#804080"]},
            {"name": "car, parked", "colors": ["#00008E", [0, 0, 70]], "palette": [1, 2, 3]},
            {"name": "söt", "numbers": [9]},
        ],
        "ignored": {"numbers": [0, 255], "colors": ["000000"]},
        "others": "ignore",
    },
    indent="\t",
)


@pytest.mark.parametrize(("suffix", "text"), [("yaml", YAML), ("csv", CSV), ("json", JSON)])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_three_formats_say_the_same(tmp_path, suffix, text, encoding, end):
    file = tmp_path / f"täble [1].{suffix}"
    file.write_bytes(text.replace("\n", end).encode(encoding))
    assert read_table(file) == TABLE


def test_a_spreadsheets_semicolons_and_columns_of_red_green_and_blue(tmp_path):
    file = tmp_path / "class_dict.csv"
    file.write_text("name;r;g;b\nsky;128;128;128\nroad;128;64;128\n")
    table = read_table(file)
    assert table.names == ("sky", "road")
    assert [values.colors for values in table.sources] == [((128, 128, 128),), ((128, 64, 128),)]
    assert table.others == "error"


def test_a_written_table_is_read_back(tmp_path):
    tables = [
        TABLE,
        LabelTable.binary(("off", 'a "b" # c')),
        LabelTable.consecutive(tuple(f"{k}" for k in range(300)), first=1, ignored=(0,)),
        LabelTable(("a", "b"), (Values((0,)), Values((1,))), others=1),
    ]
    for table in tables:
        write_table(table, tmp_path / "classes.yaml", ["proposed by check-data"])
        assert read_table(tmp_path / "classes.yaml") == table


def test_a_surrogate_pair_of_json_is_one_character(tmp_path):
    (tmp_path / "t.json").write_text('{"classes":[{"name":"\\ud83d\\ude97","numbers":[1]}]}')
    assert read_table(tmp_path / "t.json").names == ("\U0001f697",)


def entries(*lines, end=""):
    return "classes:\n" + "".join(f"- {line}\n" for line in lines) + end


MISTAKES = {
    "a number for two classes": (
        entries("{name: a, numbers: [1, 2]}", "{name: b, numbers: 2}"),
        "line 3: 2 means class 'a' and class 'b'; keep it once",
    ),
    "a colour twice": (
        entries("{name: a, colors: '#010203'}", "{name: b, colors: [[1, 2, 3]]}"),
        "line 3: #010203 means class 'a' and class 'b'",
    ),
    "a value twice in one class": (
        entries("{name: a, numbers: [4, 4]}"),
        "line 2: 4 means class 'a' twice",
    ),
    "a class that is ignored": (
        entries("{name: a, numbers: 0}", end="\nignored: {numbers: [0]}\n"),
        "line 4: 0 means class 'a' and ignored pixels",
    ),
    "no source": (entries("{name: a, numbers: 0}", "{name: b}"), "line 3: class 'b' has no value"),
    "a hole": (entries("{name: a, numbers: 0}", ""), "line 3: the entry is empty"),
    "no name": (entries("{numbers: 0}"), "line 2: the class has no name"),
    "a name twice": (
        entries("{name: a, numbers: 0}", "{name: a, numbers: 1}"),
        "line 3: class 'a' is also in line 2",
    ),
    "a comment for a colour": (
        entries("name: a\n  colors: #804080"),
        "line 3: the colour is empty; in YAML, # begins a comment",
    ),
    "a wrong colour": (entries("{name: a, colors: '#80408'}"), "line 2: '#80408' is not a colour"),
    "a colour beyond 255": (
        entries("{name: a, colors: [[1, 2, 256]]}"),
        r"line 2: '\[1, 2, 256\]' is not a colour",
    ),
    "a negative number": (entries("{name: a, numbers: -1}"), "line 2: '-1' is not a number"),
    "a fraction": (entries("{name: a, numbers: 1.0}"), "line 2: '1.0' is not a number"),
    "a large number": (entries("{name: a, numbers: 65536}"), "line 2: class 'a' has the number"),
    "an unknown key": (
        entries("{name: a, number: 1}"),
        "line 2: a class has the key 'number'. Available: name, numbers, colors, palette",
    ),
    "a key twice": (entries("name: a\n  numbers: 1\n  numbers: 2"), "line 4: .* twice"),
    "others mean nothing": (
        entries("{name: a, numbers: 0}", end="others: b\n"),
        "line 3: other values mean 'b', which is not a class; write error, ignore or the name",
    ),
    "no list": ("classes: {a: 1}\n", "line 1: the table has no list of classes"),
    "no class": ("classes: []\n", "the table has no class"),
    "two palettes": (
        entries("{name: a, numbers: 0, palette: ['#000000', '#000001']}"),
        "line 2: palette has several colours",
    ),
    "an anchor": (entries("&x {name: a, numbers: 0}"), "anchors are not read"),
    "depth": ("classes: " + 1000 * "[", "nested more than 64 levels|not valid YAML"),
    "nothing": ("", "is empty"),
    "not YAML": ("classes: [\n}", "line 2 is not valid YAML"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_line(tmp_path, mistake):
    text, sentence = MISTAKES[mistake]
    (tmp_path / "classes.yaml").write_text(text)
    with pytest.raises(ValueError, match=rf"classes\.yaml[,:]? ?.*({sentence})"):
        read_table(tmp_path / "classes.yaml")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name,numbers\na,1\nb,1\n", "line 3: 1 means class 'a' and class 'b'"),
        ("name,numbers\na,1\n,2\n", "line 3: the class has no name"),
        ("name,numbers\na,1,2\n", "line 2: the row has 3 cells"),
        ("class,id\na,1\n", "line 1: the first line names the columns class, id"),
        ("name,r,g\na,1,2\n", "line 1: .*r, g and b together"),
        ('name,numbers\n"a,1\n', "line 2: the row is not CSV"),
        ("name,r,g,b\na,1,2,\n", r"line 2: '\[1, 2, \]' is not a colour"),
        ("name,colors\na,1 2 3 4\n", r"line 2: '\[4\]' is not a colour"),
        ("name,numbers\na,1\n<others>,x\n", "line 3: other values mean 'x'"),
        ("name,numbers\na,1\n<ignored>,2\n<ignored>,3\n", "line 4: .* twice"),
        ("", "line 1: the line is empty; name the columns: name, numbers"),
    ],
)
def test_a_mistake_in_a_csv_file_is_named_with_its_line(tmp_path, text, sentence):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ValueError, match=rf"t\.csv, {sentence}"):
        read_table(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"classes": [' + b"[" * 1_000_000, "is not valid JSON"),
        (b'{"classes": NaN}', "the table has no list of classes"),
        (b"classes: \xff", "is not UTF-8 text .line 1, byte 9"),
        (bytes(17 << 20), "too many for such a file"),
    ],
)
def test_hostile_tables_get_a_sentence(tmp_path, content, sentence):
    (tmp_path / "t.json").write_bytes(content)
    with pytest.raises(ValueError, match=sentence):
        read_table(tmp_path / "t.json")


def test_an_unknown_format_and_a_missing_file(tmp_path):
    (tmp_path / "t.xls").write_text("x")
    with pytest.raises(ValueError, match=re.escape("Available: .yaml, .yml, .json, .csv, .txt")):
        read_table(tmp_path / "t.xls")
    with pytest.raises(ValueError, match="label table not found"):
        read_table(tmp_path / "none.yaml")


def test_a_table_of_all_the_numbers_there_are(tmp_path):
    table = LabelTable.consecutive(tuple(f"c{k}" for k in range(65_534)), ignored=(65_535,))
    assert table.sources[-1].numbers == (65_533,)
    with pytest.raises(ValueError, match="65,535 classes are more than the 65,534"):
        LabelTable.consecutive(tuple(f"c{k}" for k in range(65_535)))
