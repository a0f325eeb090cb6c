from pathlib import Path

import pytest
from deployed import scene
from PIL import Image

from segadapt.deployment.inputs.sources import found_images, is_video


@pytest.fixture
def photos(tmp_path):
    for name in ("b.jpg", "a.png", "deep/er/c.JPG", ".hidden/d.jpg", "notes.md"):
        file = tmp_path / "photos" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".md":
            file.write_text("no image")
        else:
            Image.fromarray(scene(4, 6)).save(file)
    return tmp_path / "photos"


def names(images, out=Path("elsewhere")):
    return [(source.file.name, str(source.name)) for source in found_images(str(images), out)]


def test_folders_are_mirrored_and_hidden_files_passed_over(photos):
    assert names(photos) == [("a.png", "a"), ("b.jpg", "b"), ("c.JPG", "deep/er/c")]


def test_one_image_has_its_own_name(photos):
    assert names(photos / "deep/er/c.JPG") == [("c.JPG", "c")]


def test_globs_are_mirrored_from_their_first_wildcard_on(photos):
    assert names(photos / "*.jpg") == [("b.jpg", "b")]
    assert names(photos / "**/*.*") == [("a.png", "a"), ("b.jpg", "b"), ("c.JPG", "deep/er/c")]


def test_lists_hold_paths_from_their_own_folder_on(photos, tmp_path):
    listing = tmp_path / "list.txt"
    listing.write_text(f"photos/b.jpg\n{photos}/deep/er/c.JPG\n")
    assert names(listing) == [("b.jpg", "b"), ("c.JPG", "deep/er/c")]


def test_names_of_predictions_never_lead_out_of_their_folder(photos, tmp_path, monkeypatch):
    (tmp_path / "lists").mkdir()
    listing = tmp_path / "lists" / "all.txt"
    listing.write_text("../photos/b.jpg\n../lists/../photos/deep/er/c.JPG\n")
    assert names(listing) == [("b.jpg", "b"), ("c.JPG", "deep/er/c")]
    assert names(photos / "*" / ".." / "../photos/b.jpg") == [("b.jpg", "b")]
    monkeypatch.chdir(tmp_path)
    listing.write_text(f"../photos/b.jpg\n{photos}/a.png\n")  # one relative, one absolute
    assert names("lists/all.txt") == [("b.jpg", "b"), ("a.png", "a")]
    listing.write_text("..png\n")
    with pytest.raises(ValueError, match=r"\.\.png has no name in front of its suffix"):
        names(listing)


def test_what_is_not_there_gets_a_sentence(photos, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "none.txt").write_text("\n")
    for images, sentence in (
        (empty, r"empty holds no image file \(\.jpg"),
        (tmp_path / "nowhere.jpg", "nowhere.jpg does not exist; pass an image, a folder, a glob"),
        (photos / "*.bmp", "no image file matches"),
        (tmp_path / "none.txt", "none.txt names no image; write one path per line"),
    ):
        with pytest.raises(ValueError, match=sentence):
            found_images(str(images), Path("elsewhere"))


def test_predictions_never_become_images(photos, tmp_path):
    for out in (photos, photos / "deep" / "out"):
        for images in (photos, photos / "**" / "*.*"):
            with pytest.raises(ValueError, match="its files would become inputs; choose a folder"):
                found_images(str(images), out)
    assert found_images(str(photos / "b.jpg"), photos)
    listing = photos.with_name("list.txt")
    listing.write_text("photos/deep/er/c.JPG\n")
    for images in (photos / "*" / "*" / "*.*", listing):
        with pytest.raises(ValueError, match=r"finds .*c\.JPG in out=.*deep, so predictions would"):
            found_images(str(images), photos / "deep")
        assert found_images(str(images), photos / "out")


def test_two_images_of_one_name_are_an_error(photos):
    Image.fromarray(scene(4, 6)).save(photos / "b.png")
    with pytest.raises(ValueError, match=r"b\.jpg and .*b\.png would both be called b; rename"):
        found_images(str(photos), Path("elsewhere"))


def test_videos_are_known_by_their_suffix():
    assert [is_video(name) for name in ("a.MP4", "b.avi", "c.jpg", "d")] == [
        True,
        True,
        False,
        False,
    ]
