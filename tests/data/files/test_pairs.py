import os

import pytest

from segadapt.data.files.pairs import listed, matched


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
    with pytest.raises(ValueError, match=r"folder not found: .*nowhere; set data\.root"):
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


def test_hidden_folders_and_files_of_other_tools_do_not_count(folders):
    images, labels = folders
    (images / ".ipynb_checkpoints").mkdir()
    (images / ".ipynb_checkpoints/a-checkpoint.png").touch()
    (labels / "a_color.png").touch()
    assert len(matched(images, labels, beside=("_color.png",))) == 3


def test_links_to_folders_are_followed(folders, tmp_path):
    images, labels = folders
    for folder in (images, labels):
        (folder / "city").rename(tmp_path / f"{folder.name} elsewhere")
        (folder / "city").symlink_to(tmp_path / f"{folder.name} elsewhere")
    assert matched(images, labels)[2].image == images / "city/c.webp"


def test_a_link_in_a_circle_is_named(folders):
    images, labels = folders
    (images / "city/again").symlink_to(images)
    with pytest.raises(ValueError, match=r"city/again is a link to a folder above it"):
        matched(images, labels)


def test_accents_may_be_spelt_in_two_ways(tmp_path):
    for folder, name in (("images", "caf\u00e9"), ("labels", "cafe\u0301")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{name}.png").touch()
    assert len(matched(tmp_path / "images", tmp_path / "labels")) == 1
    (tmp_path / "list.txt").write_text("cafe\u0301\r\n", "utf-8")
    assert len(listed(tmp_path / "list.txt", tmp_path / "images", tmp_path / "labels")) == 1


def test_a_list_gives_images_and_order(folders, tmp_path):
    images, labels = folders
    names = tmp_path / "val.txt"
    names.write_text("b\n\n a \n")
    assert listed(names, images, labels) == [
        (images / "b.JPG", labels / "b.png"),
        (images / "a.png", labels / "a.png"),
    ]
    for text in ("a\na\n", "\n"):
        names.write_text(text)
        with pytest.raises(ValueError, match=r"val\.txt must name one image or more"):
            listed(names, images, labels)


@pytest.mark.parametrize("name", ["../images/a", "city/c", "/etc/passwd", "gone"])
def test_a_list_names_no_file_elsewhere(folders, tmp_path, name):
    images, labels = folders
    (tmp_path / "val.txt").write_text(f"a\n{name}\n")
    with pytest.raises(ValueError, match=rf"1 file\(s\) named in .* no image in .*: {name}$"):
        listed(tmp_path / "val.txt", images, labels)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_named(folders):
    images, labels = folders
    (images / "city").chmod(0)
    with pytest.raises(ValueError, match="city cannot be read: Permission denied"):
        matched(images, labels)
