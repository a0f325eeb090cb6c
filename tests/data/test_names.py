"""Class names and lists as people and their editors write them."""

import codecs
import os

import pytest

from segadapt.data.files.pairs import listed, matched
from segadapt.data.names import checked_names, read_names
from segadapt.text.reading import read_lines

TEXT = "road\r\n sky \r\n\r\nStraße\n"
NAMES = ("road", "sky", "Straße")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_list_is_read_whatever_mark_its_editor_left(tmp_path, encoding):
    (tmp_path / "classes.txt").write_bytes(TEXT.encode(encoding))
    assert read_names(tmp_path / "classes.txt") == NAMES


def test_marks_of_either_order_and_of_joined_files_are_no_letters(tmp_path):
    file = tmp_path / "classes.txt"
    file.write_bytes(codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"))
    assert read_names(file) == NAMES
    file.write_bytes(codecs.BOM_UTF8 + b"road\n" + codecs.BOM_UTF8 + b"sky\n")
    assert read_names(file) == ("road", "sky")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (TEXT.encode("latin-1"), r"classes\.txt is not UTF-8 text \(line 4, .*iconv"),
        (TEXT.encode("utf-16-le"), r"classes\.txt (holds zero bytes|is not UTF-8)"),
        (b"road\n\xef\xbb\xbf\n", None),
        (b"", "holds none"),
        (b"road\nroad \n", r"holds 'road' 2 times"),
        ("\u0061\u0308\n\u00e4\n".encode(), r"holds 'ä' 2 times"),
    ],
)
def test_other_lists_are_refused_with_the_way_out(tmp_path, data, sentence):
    (tmp_path / "classes.txt").write_bytes(data)
    if sentence is None:
        assert read_names(tmp_path / "classes.txt") == ("road",)
        return
    with pytest.raises(ValueError, match=sentence):
        read_names(tmp_path / "classes.txt")


@pytest.mark.parametrize("value", [False, None, 3, 1.5, ["a"]])
def test_what_yaml_reads_as_a_value_must_be_quoted(value):
    with pytest.raises(ValueError, match=r"name 1 of data\.classes is .* write it in quotes"):
        checked_names(["road", value], "data.classes")


def test_names_become_one_printable_line_each():
    given = ["\x1b[31mred", "a\nb", "\udcdf", " x ", "no", "\u202egnp"]
    expected = (r"\x1b[31mred", r"a\nb", r"\xdf", "x", "no", r"\u202egnp")
    assert checked_names(given, "data.classes") == expected
    with pytest.raises(ValueError, match="name 0 of here is empty"):
        checked_names([" \t"], "here")
    with pytest.raises(ValueError, match="2 times"):  # would be one row of every table
        checked_names(["a\x1b", r"a\x1b"], "here")


def files(folder, *names):
    folder.mkdir()
    for name in names:
        (folder / os.fsdecode(name)).touch()
    return folder


def test_suffixes_may_be_in_capitals_on_either_side(tmp_path):
    images = files(tmp_path / "images", "a.JPG", "b.Png", "c.jpeg")
    labels = files(tmp_path / "labels", "a.PNG", "b.png", "c.pNG")
    assert [pair.label.name for pair in matched(images, labels)] == ["a.PNG", "b.png", "c.pNG"]
    (tmp_path / "list.txt").write_text("a\n")
    assert listed(tmp_path / "list.txt", images, labels)[0].label.name == "a.PNG"
    (labels / "a.png").touch()
    with pytest.raises(ValueError, match="share a name"):
        matched(images, labels)


def test_longer_ends_of_names_may_be_in_capitals_too(tmp_path):
    images = files(tmp_path / "images", "x_leftImg8bit.PNG")
    labels = files(tmp_path / "labels", "x_gtFine_labelIds.PNG", "x_gtFine_COLOR.PNG")
    ends = ("_gtFine_labelIds.png", "_leftImg8bit.png", ("_gtFine_color.png",))
    assert len(matched(images, labels, *ends)) == 1


def test_a_list_may_name_files_whose_names_are_not_utf8(tmp_path):
    images = files(tmp_path / "images", b"stra\xdfe.jpg")
    labels = files(tmp_path / "labels", b"stra\xdfe.png")
    (tmp_path / "list.txt").write_bytes(b"stra\xdfe\n")
    assert len(listed(tmp_path / "list.txt", images, labels)) == 1
    assert read_lines(tmp_path / "list.txt", any_bytes=True) == ["stra\udcdfe"]
