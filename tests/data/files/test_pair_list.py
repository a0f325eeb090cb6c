import codecs

import pytest
from written import blocks, picture, write

from segadapt.data.files.pair_list import listed_pairs, read_rows
from segadapt.data.files.selection import Rules, select


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "set"
    for name in ("a", "b ü", "c,d"):
        write(root / f"i/{name}.jpg", picture(4, 4))
        write(root / f"m/{name}.png", blocks(4, 4, 3))
    return root


def listed(root, content, split="train", name="pairs.csv", **rules):
    (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    selection = select(root, split, Rules(listed=name, **rules))
    return [pair.image.stem for pair in selection.pairs]


def test_names_with_blanks_in_a_text_file_get_their_own_hint(root):
    with pytest.raises(ValueError, match=r"line 1: i/b is not a file .*as CSV where names have bl"):
        listed(root, "i/b ü.jpg m/b\n", name="pairs.txt")


ROWS = "image,label,split\ni/a.jpg,m/a.png,train\ni/b ü.jpg,m/b ü.png,train\n"


@pytest.mark.parametrize(
    "content",
    [
        ROWS,
        ROWS.replace("\n", "\r\n"),
        codecs.BOM_UTF8 + ROWS.encode(),
        codecs.BOM_UTF16_LE + ROWS.encode("utf-16-le"),
        ROWS.replace(",", ";"),
        ROWS.partition("\n")[2],
        ROWS.replace("ü", "u\u0308"),
        ROWS.replace("i/a", "./i/../i/a"),
        'split,mask,file\ntrain,m/a.png,i/a.jpg\ntrain,"m/b ü.png","i/b ü.jpg"\n',
    ],
    ids=["plain", "windows", "mark", "utf-16", "semicolons", "bare", "accents", "dots", "columns"],
)
def test_a_list_is_read_however_it_is_saved(root, content):
    assert listed(root, content) == ["a", "b ü"]


def test_paths_may_be_absolute_where_they_lie_below_the_root(root):
    assert listed(root, f"{root}/i/a.jpg,{root}/m/a.png,train\n") == ["a"]


def test_names_with_commas_are_quoted(root):
    assert listed(root, '"i/c,d.jpg","m/c,d.png",val\n', "val") == ["c,d"]


def test_text_lists_have_blanks_or_tabs(root):
    assert listed(root, "i/a.jpg m/a.png train\n", name="list.txt") == ["a"]
    assert listed(root, "i/b ü.jpg\tm/b ü.png\ttrain\n", name="list.txt") == ["b ü"]


def test_lists_of_names_choose_from_the_folder(root):
    (root / "i").rename(root / "images")
    (root / "m").rename(root / "masks")
    (root / "t.txt").write_text("a\n")
    (root / "v.csv").write_text("b ü.jpg\n")
    lists = {"train": "t.txt", "val": "v.csv"}
    chosen = {split: select(root, split, Rules(listed=lists)) for split in lists}
    assert [pair.image.stem for pair in chosen["train"].pairs] == ["a"]
    assert [pair.image.stem for pair in chosen["val"].pairs] == ["b ü"]
    (note,) = chosen["val"].notes
    assert "2 (1 .jpg, 1 .png; c,d.jpg, c,d.png)" in note  # neither list has them


def test_a_list_may_be_dealt_out(root):
    rows = "".join(f'"i/{name}.jpg","m/{name}.png"\n' for name in ("a", "b ü", "c,d"))
    parts = [listed(root, rows, split, partition={"val": 0.34}) for split in ("train", "val")]
    assert sorted([*parts[0], *parts[1]]) == ["a", "b ü", "c,d"]
    assert len(parts[1]) == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("i/a.jpg,../set2/m.png,train", r"pairs\.csv, line 1: \.\./set2/m\.png is not below data"),
        ("i/a.jpg,/etc/a.png,train", r"line 1: /etc/a\.png is not below data\.root="),
        ("i/a.jpg,m/x.png,train", r"line 1: m/x\.png is not a file below .*set; correct"),
        ("i\\a.jpg,m\\a.png,train", r"line 1: i\\a\.jpg is not a file .*; write / between folders"),
        (
            "i/a.jpg,m/a.png,train\n\ni/a.jpg,m/a.png,train",
            r"line 3: i/a\.jpg is already on line 1",
        ),
        ("i/a.jpg,m/a.png,train\ni/a.jpg", r"line 2 has 1 columns and not 3; names with commas"),
        ("image,label,split\ni/a.jpg,,train", r"line 2 has no label; complete the line"),
        ("image,label,split", "line of column names only"),
        ("", "lists nothing; write one image"),
        (ROWS.encode("latin-1"), r"is not UTF-8 text \(line 3, byte \d+\); save it as UTF-8"),
        (b"i/a.jpg\0", "holds zero bytes"),
        ("i/a.jpg,m/a.png,test", r"has no line of split 'train'; it has test"),
        ("i/a.jpg,m/a.png", "does not say which line belongs to which split; add a third column"),
        ("i/a.jpg,m/a.png,train\nm/a.png,i/a.txt,train", r"i/a\.txt is not a file"),
        ('"i/a.jpg,m/a.png,train', "line 1: .*; correct the quotes"),
    ],
)
def test_a_line_that_does_not_fit_is_named(root, content, sentence):
    with pytest.raises(ValueError, match=sentence):
        listed(root, content)


def test_a_list_that_is_not_there_is_named(root):
    with pytest.raises(ValueError, match=r"list not found: .*/x\.csv; data\.list takes paths bel"):
        select(root, "train", Rules(listed="x.csv"))


def test_two_ways_to_divide_contradict_each_other(root):
    with pytest.raises(ValueError, match=r"column of splits, which data\.split contradicts"):
        listed(root, ROWS, partition={"val": 0.5})
    with pytest.raises(
        ValueError, match=r"data\.list gives each split, so data\.split draws nothing"
    ):
        select(root, "train", Rules(listed={"train": "a"}, partition={"val": 0.5}))
    with pytest.raises(ValueError, match=r"data\.list has val, but no list for 'train'"):
        select(root, "train", Rules(listed={"val": "a"}))


def test_an_unknown_name_is_refused(root):
    (root / "i").rename(root / "images")
    (root / "m").rename(root / "masks")
    with pytest.raises(ValueError, match=r"t\.txt, line 2: no image is called 'z'; correct"):
        listed(root, "a\nz\n", name="t.txt", partition={"val": 0.5})


def test_a_name_that_no_file_can_have_is_one_sentence(tmp_path):
    (tmp_path / "l.csv").write_text(f"image,label\n{'a' * 5000}.png,b.png\n")
    rows = read_rows(tmp_path / "l.csv")
    with pytest.raises(ValueError, match=r"l\.csv, line 2: a+\.\.\.a+\.png is not a file below"):
        listed_pairs(tmp_path / "l.csv", tmp_path, rows)


def test_a_draw_that_misses_its_share_is_noted(root):
    for number in range(7):
        write(root / f"i/s_{number}.jpg", picture(4, 4))
        write(root / f"m/s_{number}.png", blocks(4, 4, 3))
    rules = Rules("i/{name}.jpg", "m/{name}.png")
    notes = {}
    for seed in range(24):
        draw = {"val": 0.1, "by": "name-prefix", "seed": seed}
        selection = select(root, "val", rules._replace(partition=draw))
        notes[len(selection.pairs)] = selection.notes
    assert notes[1] == []
    assert notes[7] == [
        "data.split: val has 7 of 10 files (70%) instead of 10%, because data.split.by=name-prefix "
        "keeps files together; another data.split.seed may come nearer"
    ]
