"""The number of classes follows from what says which classes there are."""

import pytest
from compositions import composed
from hydra.utils import instantiate
from omegaconf import OmegaConf
from rich.console import Console
from written import blocks, picture, write

from segadapt.data.checks.check_dataset import check_together
from segadapt.data.label_table.choice import chosen_table
from segadapt.runs.redaction import stored
from segadapt.runs.settings.settle import settle

TABLE = "classes:\n  - {name: a, numbers: [0, 3]}\n  - {name: b, numbers: 1}\n"

SEEDS = {"trainm": 0, "trainn": 1, "valm": 2, "valn": 3}


def folder(root, table, text):
    for split in ("train", "val"):
        for name in "mn":
            write(root / split / "images" / f"{name}.png", picture(8, 8, seed=SEEDS[split + name]))
            write(root / split / "labels" / f"{name}.png", blocks(8, 8, 2))
    if table is not None:
        (root / table).write_text(text)
    return composed("data=folder", f"data.root={root}", "model=tiny", f"paths.run={root}/run")


@pytest.mark.parametrize(
    ("table", "text", "number"),
    [
        ("classes.yaml", TABLE, 2),
        ("classes.csv", "name,numbers\na,0\nb,1\nc,2\n", 3),
        ("classes.txt", "a\nb\nc\n", 3),
        ("classes.txt", "\n".join(f"class {k}" for k in range(300)), 300),
    ],
)
def test_a_table_beside_the_data_gives_the_number(tmp_path, table, text, number):
    config = settle(folder(tmp_path, table, text))
    assert config["data"]["num_classes"] == config["data"]["module"]["num_classes"] == number


@pytest.mark.parametrize(
    ("classes", "number"), [("binary", 2), ({"binary": ["skin", "mole"]}, 2), (["k", "l", "m"], 3)]
)
def test_words_and_names_give_the_number(tmp_path, classes, number):
    cfg = folder(tmp_path, None, "")
    cfg.data.classes = classes
    assert settle(cfg)["data"]["num_classes"] == number


def test_a_settled_config_keeps_the_number(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_DATA", str(tmp_path))
    cfg = folder(tmp_path, "classes.yaml", TABLE)
    cfg.data.root = "${oc.env:MY_DATA}"
    settle(cfg)
    (tmp_path / "classes.yaml").unlink()
    assert OmegaConf.to_container(cfg, resolve=False)["data"]["num_classes"] == 2
    assert stored(cfg)["data"]["num_classes"] == 2


def test_a_number_that_contradicts_the_table_is_refused(tmp_path):
    cfg = folder(tmp_path, "classes.yaml", TABLE)
    cfg.data.num_classes = 3
    settle(cfg)
    sentence = "data.num_classes=3, but the data set has 2 classes; set data.num_classes=2, or"
    with pytest.raises(Exception, match=sentence):
        instantiate(cfg.data.module)
    check = OmegaConf.create({**cfg, "splits": ["train", "val"]})
    with pytest.raises(ValueError, match=sentence):
        check_together(check, Console())


@pytest.mark.parametrize(
    ("table", "text", "sentence"),
    [
        (None, "", r"^class list not found: .*/classes.txt; write one name per line"),
        ("classes.yaml", "classes: 3\n", r"^.*classes.yaml, line 1: the table has no list of"),
        ("classes.txt", "a\n", "^data.num_classes=1; it must be an integer from 2 to 65534"),
    ],
)
def test_what_gives_no_number_is_one_sentence(tmp_path, table, text, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        settle(folder(tmp_path, table, text))
    assert "\n" not in str(caught.value)


def test_with_many_names_255_is_a_class_and_the_ignored_number_is_another(tmp_path):
    names = [f"class {k}" for k in range(300)]
    assert chosen_table(names, tmp_path).ignored.numbers == (65_535,)
    assert chosen_table(names[:254], tmp_path).ignored.numbers == (255,)


def test_names_of_binary_masks_are_a_list(tmp_path):
    with pytest.raises(ValueError, match=r"^data\.classes=\{binary: .*\} needs two names; write"):
        chosen_table({"binary": "ab"}, tmp_path)
