import pytest
from written import blocks, picture, write

from segadapt.data.datasets.folder import Folder
from segadapt.data.transforms.pipelines import EvalTransform


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "my söt dåta"
    for i, suffix in enumerate(["jpg", "png", "webp"]):
        write(root / "train" / "images" / f"{i}.{suffix}", picture(24, 32, i))
        write(root / "train" / "labels" / f"{i}.png", blocks(24, 32, 3, i))
    (root / "classes.txt").write_text("road\n\n tree \nhouse\n", "utf-8")
    return root


def folder(root, classes=None, **changed):
    return Folder(root, "train", EvalTransform(), classes, root / "classes.txt", **changed)


def test_classes_come_from_the_file(root):
    dataset = folder(root)
    assert dataset.classes == ("road", "tree", "house")
    assert [dataset[i].name for i in range(3)] == [
        "train/images/0.jpg",
        "train/images/1.png",
        "train/images/2.webp",
    ]


def test_classes_on_the_command_line_win(root):
    assert folder(root, ["a", "b", "c"]).classes == ("a", "b", "c")


def test_ignored_numbers_are_the_users(root):
    mask = folder(root, ["a", "b"], ignored=(2,))[0].mask
    assert set(mask.unique().tolist()) == {0, 1, 255}


def test_labels_may_begin_at_1_with_0_ignored(root):
    plain = folder(root, ["a", "b", "c"])[0].mask
    shifted = folder(root, ["b", "c"], first_label=1, ignored=(0,))[0].mask
    assert (shifted == plain - 1).all()  # 0 becomes 255, the numbers have 8 bits


def test_a_number_that_is_a_class_and_ignored_says_how_labels_from_1_are_read(root):
    with pytest.raises(ValueError, match=r"0 where nothing is labelled, set data\.first_label=1"):
        folder(root, ["a", "b"], ignored=(0,))


def test_a_class_too_few_is_noticed_in_the_labels(root):
    with pytest.raises(ValueError, match=r"holds 2 on \d+ pixels, .* class \(0\.\.1\)"):
        folder(root, ["a", "b"])[0]


def test_a_missing_class_list_says_what_to_write(root):
    (root / "classes.txt").unlink()
    with pytest.raises(
        ValueError, match=r"class list not found: .*classes\.txt; write one name per line"
    ):
        folder(root)


@pytest.mark.parametrize("names", [[], ["a", "a"]])
def test_class_names_must_differ(root, names):
    with pytest.raises(ValueError, match="class names must be one or more and differ"):
        folder(root, names)
