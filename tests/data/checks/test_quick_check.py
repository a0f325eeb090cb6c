"""The look at a data set before a training, on files that Pillow and OpenCV wrote."""

import os
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from written import blocks, camvid, picture, write

from segadapt.data.checks import quick_check
from segadapt.data.checks.quick_check import cache_folder, files_digest, look_at
from segadapt.data.datasets.camvid import CamVid
from segadapt.data.datasets.folder import Folder
from segadapt.data.datasets.synthetic import Synthetic
from segadapt.data.files.image_headers import Head
from segadapt.data.files.label_files import label_size
from segadapt.data.transforms.pipelines import EvalTransform


@pytest.fixture
def root(tmp_path):
    return camvid(tmp_path / "camvid")


def splits(root, **more):
    return {name: CamVid(root, name, EvalTransform(), **more) for name in ("train", "val")}


def look(root, cache=None, **more):
    return look_at(splits(root, **more), cache or root.parent / "cache")


def test_the_second_look_opens_no_file(root, monkeypatch):
    assert look(root).startswith("data: 5 train and 5 val images, headers checked in 0.")
    monkeypatch.setattr(quick_check, "Head", None)
    assert look(root) == "data: 5 train and 5 val images, unchanged since the last check"


@pytest.mark.parametrize("change", ["content", "time", "copy", "written", "gone", "limit"])
def test_what_changed_is_looked_at_again(root, change):
    look(root)
    file, more = root / "train/frame1.png", {}
    if change == "content":
        write(root / "valannot/frame1.png", blocks(40, 56, 3))
    elif change == "time":
        os.utime(file, (1, 1))
    elif change in ("copy", "written"):
        before = file.stat()
        time.sleep(0.05)  # clocks of file systems are coarse
        (root.parent / "new" if change == "copy" else file).write_bytes(file.read_bytes())
        if change == "copy":
            (root.parent / "new").replace(file)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert file.stat().st_size == before.st_size
    elif change == "gone":
        file.unlink()
        (root / "trainannot/frame1.png").unlink()
    else:
        more = {"max_pixels": 5000}
    assert "headers checked" in look(root, **more)


def test_the_fingerprint_changes_with_the_name(root):
    before = files_digest(list(splits(root).values()))
    assert before == files_digest(list(splits(root).values()))
    for folder in ("val", "valannot"):
        (root / folder / "frame4.png").rename(root / folder / "frame9.png")
    assert before != files_digest(list(splits(root).values()))


def spoil_size(root):
    write(root / "valannot/frame1.png", blocks(40, 48, 3))
    return r"frame1\.png has 40 x 56 pixels, but its label .*frame1\.png has 40 x 48; "


def spoil_format(root):
    (root / "train/frame0.png").write_bytes(b"GIF89a" + bytes(50))
    return r"train/frame0\.png is not a JPEG, PNG, BMP, WebP, TIFF or NPY file"


def spoil_empty(root):
    (root / "trainannot/frame0.png").write_bytes(b"")
    return r"trainannot/frame0\.png is empty \(0 bytes\)"


def spoil_colours(root):
    write(root / "trainannot/frame3.png", picture(40, 56))
    return r"label .*frame3\.png is a PNG of type RGB; .* convert its colours"


def spoil_suffix(root):
    Image.fromarray(blocks(40, 56, 3)).save(root / "trainannot/frame3.png", format="JPEG")
    return r"label .*frame3\.png is not a PNG"


@pytest.mark.parametrize("spoil", [spoil_size, spoil_format, spoil_empty, spoil_colours])
def test_a_file_that_would_end_the_training_is_told_in_a_sentence(root, spoil):
    expected = spoil(root)
    with pytest.raises(ValueError, match=expected) as told:
        look(root)
    assert "\n" not in str(told.value)
    with pytest.raises(ValueError, match=expected):  # not remembered as in order
        look(root)


def test_images_that_viewers_turn_are_told_before_the_first_step(tmp_path):
    place = tmp_path / "mine" / "train"
    exif = Image.Exif()
    exif[0x0112] = 6
    write(place / "images/a.jpg", picture(40, 56), exif=exif)
    write(place / "labels/a.png", blocks(40, 56, 3))
    mine = Folder(tmp_path / "mine", "train", EvalTransform(), ["a", "b", "c"], "")
    with pytest.raises(ValueError, match=r"a\.jpg is turned when shown \(EXIF orientation 6\)"):
        look_at({"train": mine}, tmp_path / "cache")


def test_turned_images_whose_labels_lie_on_the_stored_pixels_are_in_order(root):
    for split in ("train", "val"):
        file = root / split / "frame0.png"
        exif = Image.Exif()
        exif[0x0112] = 6
        write(file, picture(40, 56), exif=exif)
    assert "headers checked" in look(root)


def test_labels_that_lose_something_are_refused(root):
    with pytest.raises(ValueError, match=spoil_suffix(root)):
        look(root)


def test_more_files_are_counted_and_large_images_refused(root):
    with pytest.raises(ValueError, match=r"data\.max_pixels=99; .* \(and 9 more files like this\)"):
        look(root, max_pixels=99)


def test_data_sets_that_are_composed_have_nothing_to_look_at(tmp_path):
    assert look_at({"training": Synthetic(3, 32, 4)}, tmp_path) is None
    assert not list(tmp_path.iterdir())


def test_data_folders_may_be_read_only_and_so_may_the_cache(root):
    cache = root.parent / "file"
    cache.write_text("no folder")
    before = sorted(root.rglob("*"))
    assert "(not remembered: " in look(root, cache)
    assert sorted(root.rglob("*")) == before


def test_the_cache_lies_where_the_system_says():
    assert cache_folder({"XDG_CACHE_HOME": "/some"}) == Path("/some/segadapt")
    assert cache_folder({"SEGADAPT_CACHE": "/own"}) == Path("/own")
    assert cache_folder({}) == Path.home() / ".cache/segadapt"


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp", "webp"])
@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"exif": b"Exif\0\0" + bytes(9000)}]
)
def test_sizes_of_all_formats(tmp_path, suffix, options):
    file = write(tmp_path / f"a.{suffix}", picture(61, 47), **options)
    assert Head(file).size() == (61, 47) == cv2.imread(str(file)).shape[:2]


def test_grey_and_palette_labels_and_those_of_matlab(tmp_path):
    Image.fromarray(np.zeros((7, 9), np.uint8)).convert("P").save(tmp_path / "p.png")
    Image.fromarray(np.zeros((7, 9), np.uint16)).save(tmp_path / "deep.png")
    (tmp_path / "m.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))
    assert label_size(tmp_path / "p.png") == (7, 9)
    assert label_size(tmp_path / "deep.png") == (7, 9)
    assert label_size(tmp_path / "m.mat") is None


def test_the_second_look_at_a_thousand_pairs_takes_less_than_a_second(tmp_path):
    root = camvid(tmp_path / "set", images=500, height=8, width=8)
    look(root)
    data = splits(root)
    started = time.process_time()
    look_at(data, root.parent / "cache")
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "poison", [b"", b"\xff\x00", b"[]", b"null", b'{"refusal": 7, "notes": []}', b"{"]
)
def test_a_poisoned_cache_is_not_believed(root, poison):
    first = look(root)
    [mark] = (root.parent / "cache" / "checked").iterdir()
    mark.write_bytes(poison)
    again = look(root)
    assert "headers checked in" in again
    assert again.split(", ")[0] == first.split(", ")[0]
    assert look(root).endswith("unchanged since the last check")


def test_a_user_without_a_home_has_a_cache_among_temporary_files(monkeypatch):
    def unknown():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", unknown)
    found = cache_folder({})
    assert found.parent == Path(tempfile.gettempdir())
    assert str(os.getuid()) in found.name


def test_images_of_two_splits_are_found_although_labels_may_have_one_class(tmp_path):
    for name in ("train", "val"):
        write(tmp_path / f"{name}/images/a.png", picture(8, 8))
        write(tmp_path / f"{name}/labels/a.png", np.zeros((8, 8), np.uint8))
    parts = {
        name: Folder(tmp_path, split, EvalTransform(), ["a", "b"], "")
        for name, split in (("training", "train"), ("validation", "val"))
    }
    for _ in range(2):  # also when it is remembered
        with pytest.raises(ValueError, match=r"data\.allow=\[shared_files\]"):
            look_at(parts, tmp_path / "cache", allow_empty_classes=True)
