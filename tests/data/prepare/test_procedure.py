import errno
import fcntl
import hashlib
import os
import shutil
from pathlib import Path

import pytest
from archives import EXPECTED, PUBLISHED, tar_of, zip_of

from segadapt.data.prepare import fetch, unpack
from segadapt.data.prepare.catalogue import RECIPES
from segadapt.data.prepare.procedure import prepare
from segadapt.data.prepare.recipe import Checksum

NAMES = sorted(PUBLISHED)


def recipe(name, server, by_hand=False):
    """The real recipe, but for the numbers of files, addresses and checksums."""
    archives = PUBLISHED[name]()
    data_set = name.removesuffix("_test")
    whole = RECIPES[data_set] if data_set == name else RECIPES[data_set].with_test()
    sources = []
    for source in whole.sources:
        content = archives.pop(source.name)
        address = server.publish(f"{name}/{source.name}", content)
        checksum = Checksum("md5", hashlib.md5(content).hexdigest())
        folders = [
            folder._replace(
                number=folder.number
                and sum(
                    file.startswith(f"{folder.target}/") and file.endswith(folder.suffix)
                    for file in EXPECTED[name]
                )
            )
            for folder in source.folders
        ]
        sources.append(
            source._replace(
                addresses=() if by_hand else (address,), checksum=checksum, folders=tuple(folders)
            )
        )
    assert not archives
    return whole._replace(sources=tuple(sources))


def held(root):
    """Files below a root beside the downloads."""
    return sorted(
        str(file.relative_to(root))
        for file in root.rglob("*")
        if file.is_file() and file.relative_to(root).parts[0] != "downloads"
    )


@pytest.fixture
def root(tmp_path):
    return tmp_path / "data sets ü" / "one"


@pytest.mark.parametrize("name", NAMES)
def test_makes_the_layout_that_is_documented(server, bars, root, name):
    assert prepare(recipe(name, server), root, bars)
    assert held(root) == sorted(EXPECTED[name])


@pytest.mark.parametrize("name", NAMES)
def test_a_second_call_does_nothing(server, bars, root, name):
    cooked = recipe(name, server)
    prepare(cooked, root, bars)
    before = {file: file.stat().st_mtime_ns for file in root.rglob("*")}
    server.asked.clear()
    assert not prepare(cooked, root, bars)
    assert not server.asked
    assert {file: file.stat().st_mtime_ns for file in root.rglob("*")} == before


def test_test_images_are_added_to_what_is_there(server, bars, root):
    prepare(recipe("ade20k", server), root, bars)
    before = {file: (root / file).stat().st_mtime_ns for file in EXPECTED["ade20k"]}
    server.asked.clear()
    assert prepare(recipe("ade20k_test", server), root, bars)
    assert [asked.path for asked in server.asked] == ["/ade20k_test/release_test.zip"]
    assert {file: (root / file).stat().st_mtime_ns for file in EXPECTED["ade20k"]} == before
    assert held(root) == sorted(EXPECTED["ade20k_test"])
    assert not prepare(recipe("ade20k", server), root, bars)


def test_a_complete_set_may_be_read_only_and_without_downloads(server, bars, root):
    cooked = recipe("ade20k", server)
    prepare(cooked, root, bars)
    shutil.rmtree(root / "downloads")
    root.chmod(0o555)
    try:
        assert not prepare(cooked, root, bars)
    finally:
        root.chmod(0o755)
    assert not (root / "downloads").exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_checksum_leaves_nothing(server, bars, root, name):
    cooked = recipe(name, server)
    last = cooked.sources[-1]
    server.files[f"/{name}/{last.name}"] = b"something else"
    with pytest.raises(ValueError, match=r"is not the published file .* so it was removed"):
        prepare(cooked, root, bars)
    assert held(root) == []
    left = [file.name for file in (root / "downloads").iterdir() if not file.name.startswith(".")]
    assert left == [source.name for source in cooked.sources[:-1]]


def test_a_file_put_there_with_a_wrong_checksum_is_left(server, bars, root):
    cooked = recipe("ade20k", server)
    mine = root / "downloads" / cooked.sources[0].name
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    with pytest.raises(ValueError, match=r"2016.zip is not the published file .* remove it and"):
        prepare(cooked, root, bars)
    assert mine.read_bytes() == b"mine"
    assert not server.asked


def test_files_put_there_are_not_fetched(server, bars, root):
    cooked = recipe("coco_stuff164k", server)
    (root / "downloads").mkdir(parents=True)
    for source, content in PUBLISHED["coco_stuff164k"]().items():
        (root / "downloads" / source).write_bytes(content)
    prepare(cooked, root, bars)
    assert not server.asked
    assert held(root) == sorted(EXPECTED["coco_stuff164k"])


def test_what_needs_an_account_is_asked_for(server, bars, root):
    cooked = recipe("cityscapes", server, by_hand=True)
    sentence = (
        r"Cityscapes needs an account: log in at https://www.cityscapes-dataset.com/downloads/, "
        r"fetch leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip there, put them into .*"
        r"one/downloads as they are, and run the command again"
    )
    with pytest.raises(ValueError, match=sentence):
        prepare(cooked, root, bars)
    for name, content in PUBLISHED["cityscapes"]().items():
        (root / "downloads" / name).write_bytes(content)
    assert prepare(cooked, root, bars)
    assert held(root) == sorted(EXPECTED["cityscapes"])


def test_folders_that_are_whole_are_neither_fetched_nor_touched(server, bars, root):
    cooked = recipe("coco_stuff164k", server)
    for name in ("09", "25"):
        mine = root / f"images/train2017/0000000000{name}.jpg"
        mine.parent.mkdir(parents=True, exist_ok=True)
        mine.write_bytes(b"mine")
    prepare(cooked, root, bars)
    assert [Path(asked.path).name for asked in server.asked] == [
        "val2017.zip",
        "stuffthingmaps_trainval2017.zip",
    ]
    assert held(root) == sorted(EXPECTED["coco_stuff164k"])
    assert mine.read_bytes() == b"mine"


def test_a_folder_of_somebody_else_is_left_as_it_is(server, bars, root):
    mine = root / "images/training/mine.jpg"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    with pytest.raises(ValueError, match=r"training holds 1 files \*.jpg, not 3; move .* away"):
        prepare(recipe("ade20k", server), root, bars)
    assert held(root) == ["images/training/mine.jpg"]
    assert not server.asked


@pytest.mark.parametrize("name", ["ade20k", "coco_stuff164k", "voc2012", "pascal_context59"])
def test_broken_archives_leave_no_half_data_set(server, bars, root, name):
    cooked = recipe(name, server)
    last = cooked.sources[-1]
    content = server.files[f"/{name}/{last.name}"]
    server.files[f"/{name}/{last.name}"] = content[: len(content) // 3]
    sources = (*cooked.sources[:-1], last._replace(checksum=None))
    with pytest.raises(ValueError, match=r"is damaged|is neither"):
        prepare(cooked._replace(sources=sources), root, bars)
    assert held(root) == []
    assert sorted(entry.name for entry in root.iterdir()) == ["downloads"]


@pytest.mark.parametrize("write", [zip_of, tar_of])
def test_hostile_archives_leave_nothing(server, bars, root, write):
    hostile = write({"../../evil": b"evil", "ADEChallengeData2016/images/training/a.jpg": b""})
    cooked = recipe("ade20k", server)
    source = cooked.sources[0]._replace(checksum=None)
    server.publish(f"ade20k/{source.name}", hostile)
    with pytest.raises(ValueError, match="is hostile"):
        prepare(cooked._replace(sources=(source,)), root, bars)
    assert held(root) == []
    assert not list(root.parent.parent.rglob("evil"))


def test_archives_with_files_missing_are_refused(server, bars, root):
    cooked = recipe("camvid", server)
    source = cooked.sources[0]
    more = tuple(folder._replace(number=folder.number + 1) for folder in source.folders)
    with pytest.raises(ValueError, match=r"published: train holds 1 files, not 2; remove"):
        prepare(cooked._replace(sources=(source._replace(folders=more),)), root, bars)
    assert held(root) == []


def test_archives_of_another_layout_are_refused(server, bars, root):
    cooked = recipe("camvid", server)
    source = cooked.sources[0]._replace(checksum=None)
    server.publish(f"camvid/{source.name}", zip_of({"CamVid/train/a.png": b""}))
    with pytest.raises(ValueError, match=r"is not what was published: train is not a folder"):
        prepare(cooked._replace(sources=(source,)), root, bars)


def test_a_full_disk_leaves_no_half_data_set(server, bars, root, monkeypatch):
    whole, files = unpack.copy, iter(range(3))

    def full(read, write, advance):
        if next(files, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole(read, write, advance)

    cooked = recipe("coco_stuff164k", server)
    with monkeypatch.context() as patch:
        patch.setattr(unpack, "copy", full)
        with pytest.raises(ValueError, match="is full; free some space and run the command again"):
            prepare(cooked, root, bars)
    assert held(root) == []
    assert sorted(entry.name for entry in root.iterdir()) == ["downloads"]
    server.asked.clear()
    assert prepare(cooked, root, bars)
    assert not server.asked
    assert held(root) == sorted(EXPECTED["coco_stuff164k"])


def test_killed_between_two_renames_the_rest_is_made_up_for(server, bars, root, monkeypatch):
    cooked = recipe("ade20k", server)
    rename, calls = Path.rename, iter(range(2))

    def dying(self, target):
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", dying)
        with pytest.raises(KeyboardInterrupt):
            prepare(cooked, root, bars)
    assert held(root) == sorted(file for file in EXPECTED["ade20k"] if file.startswith("images"))
    server.asked.clear()
    assert prepare(cooked, root, bars)
    assert not server.asked
    assert held(root) == sorted(EXPECTED["ade20k"])


def test_what_a_killed_call_left_is_swept(server, bars, root):
    (root / ".unpacking" / "images").mkdir(parents=True)
    (root / ".unpacking" / "images" / "half.jpg").touch()
    prepare(recipe("ade20k", server), root, bars)
    assert held(root) == sorted(EXPECTED["ade20k"])


def test_a_linked_root_is_written_where_it_leads(server, bars, root, tmp_path):
    (tmp_path / "disk").mkdir()
    root.parent.mkdir()
    root.symlink_to(tmp_path / "disk")
    prepare(recipe("ade20k", server), root, bars)
    assert root.is_symlink()
    assert held(tmp_path / "disk") == sorted(EXPECTED["ade20k"])


@pytest.mark.parametrize("target", ["nowhere", "empty"])
def test_links_in_place_of_folders_are_left(server, bars, root, target):
    (root / "images").mkdir(parents=True)
    (root / "empty").mkdir()
    link = root / "images" / "training"
    link.symlink_to(root / target)
    with pytest.raises(
        ValueError, match=r"training (is not a folder|holds 0 files).* move .* away"
    ):
        prepare(recipe("ade20k", server), root, bars)
    assert link.is_symlink()
    assert not server.asked


def test_folders_on_another_disk_are_refused_before_fetching(server, bars, root):
    other = Path("/dev/shm")
    root.mkdir(parents=True)
    if not other.is_dir() or other.stat().st_dev == root.stat().st_dev:
        pytest.skip("there is no second disk")
    (root / "images").symlink_to(other)
    with pytest.raises(ValueError, match=r"images is on a different disk than"):
        prepare(recipe("ade20k", server), root, bars)
    assert not server.asked


def test_two_calls_at_once_are_refused(server, bars, root):
    (root / "downloads").mkdir(parents=True)
    with (root / "downloads" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ValueError, match=r"another process prepares .*one now"):
            prepare(recipe("ade20k", server), root, bars)
    assert prepare(recipe("ade20k", server), root, bars)


def test_the_second_address_is_asked_where_the_first_is_dead(server, bars, root):
    cooked = recipe("voc2012", server)
    source = cooked.sources[0]
    gone = server.address("gone.tar")
    both = source._replace(addresses=(gone, *source.addresses))
    assert prepare(cooked._replace(sources=(both,)), root, bars)
    with pytest.raises(ValueError, match=r"downloaded now \(.*gone.tar: the server says 404"):
        prepare(cooked._replace(sources=(source._replace(addresses=(gone,)),)), root / "two", bars)


def test_cut_downloads_of_archives_end_in_the_same_data_set(server, bars, root):
    cooked = recipe("pascal_context59", server)
    server.cuts.extend([100, 50, 200, 10])
    assert prepare(cooked, root, bars)
    assert held(root) == sorted(EXPECTED["pascal_context59"])
    assert sum(asked.range is not None for asked in server.asked) == 4


def test_a_check_that_was_interrupted_does_not_cost_the_download(server, bars, root, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    cooked = recipe("ade20k", server)
    with monkeypatch.context() as patch:
        patch.setattr(fetch, "matches", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prepare(cooked, root, bars)
    server.asked.clear()
    assert prepare(cooked, root, bars)
    assert not server.asked
    assert held(root) == sorted(EXPECTED["ade20k"])


@pytest.mark.parametrize("published", [True, False])
def test_an_unfinished_file_of_unknown_origin_is_fetched_anew(server, bars, root, published):
    cooked = recipe("ade20k", server)
    source = cooked.sources[0]
    (root / "downloads").mkdir(parents=True)
    (root / "downloads" / f"{source.name}.part").write_bytes(b"something else")
    if not published:
        cooked = cooked._replace(sources=(source._replace(checksum=None),))
    assert prepare(cooked, root, bars)
    assert [asked.range for asked in server.asked] == [None]
    assert held(root) == sorted(EXPECTED["ade20k"])


def test_a_root_that_is_a_file_is_an_error(server, bars, root):
    root.parent.mkdir()
    root.touch()
    with pytest.raises(OSError, match=os.strerror(errno.ENOTDIR)):
        prepare(recipe("ade20k", server), root, bars)
