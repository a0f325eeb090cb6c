import pytest

from segadapt.data.pairs import matched


@pytest.fixture
def folders(tmp_path):
    for name in ("images/b.JPG", "images/a.png", "images/city/c.webp", "images/.hidden.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in ("labels/a.png", "labels/b.png", "labels/city/c.png", "labels/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path / "images", tmp_path / "labels"


def test_images_of_any_suffix_meet_their_labels_in_order(folders):
    images, labels = folders
    assert matched(images, labels) == [
        (images / "a.png", labels / "a.png"),
        (images / "b.JPG", labels / "b.png"),
        (images / "city/c.webp", labels / "city/c.png"),
    ]


def test_a_label_suffix_replaces_that_of_the_image(folders):
    images, labels = folders
    for file in labels.rglob("*.png"):
        file.rename(file.with_name(file.stem + "_ids.png"))
    assert matched(images, labels, "_ids.png")[0].label == labels / "a_ids.png"


def test_a_missing_folder_says_where_to_set_it(tmp_path):
    with pytest.raises(ValueError, match=r"no folder .*nowhere; set data\.root"):
        matched(tmp_path / "nowhere", tmp_path)


def test_an_empty_split_is_named(tmp_path):
    (tmp_path / "images").mkdir()
    with pytest.raises(ValueError, match=r"images holds no image \(\.jpg"):
        matched(tmp_path / "images", tmp_path)


def test_an_image_without_label_is_named(folders):
    images, labels = folders
    (labels / "city/c.png").unlink()
    with pytest.raises(ValueError, match=r"1 file\(s\) have no label .png .*: .*c\.webp$"):
        matched(images, labels)


def test_of_many_labels_without_image_three_are_named(folders):
    images, labels = folders
    for i in range(5):
        (labels / f"x{i}.png").touch()
    with pytest.raises(ValueError, match=r"5 file\(s\) have no image .*x0.*x1.*x2\.png, \.\.\.$"):
        matched(images, labels)


def test_two_images_of_one_name_are_refused(folders):
    images, labels = folders
    (images / "a.jpg").touch()
    with pytest.raises(ValueError, match="share a name"):
        matched(images, labels)
