"""The table that a training had: kept in its run folder, used where the source is gone."""

from dataclasses import replace

import pytest
from written import blocks, picture, write

from segadapt.data.datasets.folder import Folder
from segadapt.data.label_table.keeping import compare, keep
from segadapt.data.label_table.reading import read_table, table_of, yaml_text
from segadapt.data.label_table.table import LabelTable, Values
from segadapt.data.transforms.pipelines import EvalTransform

TABLE = LabelTable(
    ("road", "car"),
    (Values((7, 8), ((1, 2, 3),)), Values((9,))),
    Values((0,)),
    palette=((1, 2, 3), None),
)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"names": ("road", "bus")}, "class 1 was 'car' and is 'bus' now"),
        (
            {"sources": (Values((8, 7), ((1, 2, 3),)), Values((9,)))},
            "class 'road' had 7, 8, #010203, but now 8, 7, #010203",
        ),
        ({"ignored": Values()}, "ignored pixels had 0, but now no value"),
        ({"others": "ignore"}, "other values meant error and mean ignore now"),
        ({"others": 1}, "other values meant error and mean 'car' now"),
        (
            {
                "names": ("a", "b", "c"),
                "sources": tuple(Values((k,)) for k in (1, 2, 3)),
                "palette": None,
            },
            "it had 2 classes and has 3 now",
        ),
    ],
)
def test_any_change_of_meaning_is_one_sentence(tmp_path, change, sentence):
    file = tmp_path / "classes.yaml"
    keep(TABLE, file)
    with pytest.raises(ValueError, match="is not what the training had") as caught:
        keep(replace(TABLE, **change), file)
    assert sentence in str(caught.value)
    assert read_table(file) == TABLE


def test_other_colours_to_draw_with_are_no_change(tmp_path):
    compare(TABLE, replace(TABLE, palette=((9, 9, 9), None)), tmp_path / "classes.yaml")


def test_text_of_a_table_is_that_table():
    assert table_of(yaml_text(TABLE), "facts.json") == TABLE
    with pytest.raises(ValueError, match=r"^facts.json, line 1: the table has no list of classes"):
        table_of("classes: 1", "facts.json")


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "set"
    write(root / "val/images/a.png", picture(8, 8))
    write(root / "val/labels/a.png", 7 + blocks(8, 8, 3))
    (root / "classes.yaml").write_text(yaml_text(TABLE))
    return root


def opened(root, kept, classes=None):
    return Folder(root, "val", EvalTransform(), classes, root / "classes.txt", kept_table=str(kept))


def test_a_training_is_looked_at_again_without_the_table_beside_the_data(tmp_path, root):
    kept = tmp_path / "run/classes.yaml"
    keep(Folder(root, "val", EvalTransform(), None, root / "classes.txt").table, kept)
    first = opened(root, kept)[0].mask
    (root / "classes.yaml").unlink()
    assert opened(root, kept).classes == ("road", "car")
    assert opened(root, kept)[0].mask.equal(first)
    assert opened(root, kept, classes="/moved/away.yaml")[0].mask.equal(first)


def test_a_table_that_was_edited_or_broken_since_is_refused(tmp_path, root):
    kept = tmp_path / "run/classes.yaml"
    keep(TABLE, kept)
    (root / "classes.yaml").write_text(yaml_text(TABLE).replace("[7, 8]", "[7]"))
    with pytest.raises(ValueError, match=r"kept in .*run/classes.yaml\): class 'road' had 7, 8"):
        opened(root, kept)
    (root / "classes.yaml").write_text("classes: 3")
    with pytest.raises(ValueError, match=r"set/classes\.yaml, line 1: the table has no list"):
        opened(root, kept)
