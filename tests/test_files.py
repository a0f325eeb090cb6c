"""Files are the old ones or the new ones, at every moment."""

import errno
import os
from pathlib import Path

import pytest

from segadapt.files import (
    MARK,
    STAGE,
    expanded,
    replace_by_link,
    replace_text,
    replacing,
    replacing_path,
    staging,
    sweep,
)


def leftovers(folder):
    return [file.name for file in folder.iterdir() if MARK in file.name]


def test_a_file_takes_its_place_when_it_is_whole(tmp_path):
    file = tmp_path / "facts"
    file.write_text("old")
    with replacing(file) as new:
        new.write(b"new")
        assert file.read_text() == "old"
    assert file.read_text() == "new"
    assert not leftovers(tmp_path)


def test_an_error_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    file = tmp_path / "facts"
    file.write_text("old")

    def fill_up():
        with replacing(file) as new:
            new.write(b"half")
            raise OSError(errno.ENOSPC, "no room")

    with pytest.raises(OSError, match="no room"):
        fill_up()
    assert file.read_text() == "old"
    assert not leftovers(tmp_path)


def test_the_content_is_on_disk_before_the_name_changes(tmp_path, monkeypatch):
    acts = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda number: (acts.append("sync"), sync(number)))
    monkeypatch.setattr(
        "pathlib.Path.replace", lambda old, new: (acts.append("rename"), replace(old, new))
    )
    replace_text(tmp_path / "facts", "new")
    assert acts == ["sync", "rename", "sync"]  # the content, the name, the folder


@pytest.mark.parametrize("links", [True, False])
def test_a_second_name_keeps_its_content_when_the_first_is_replaced(tmp_path, monkeypatch, links):
    def refuse(*_):
        raise OSError(errno.EPERM, "no links here")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("1")
    replace_by_link(other, one)
    replace_text(one, "2")
    assert (one.read_text(), other.read_text()) == ("2", "1")
    assert not leftovers(tmp_path)


def test_an_error_that_is_not_about_links_is_passed_on(tmp_path):
    with pytest.raises(FileNotFoundError):
        replace_by_link(tmp_path / "other", tmp_path / "nothing")


def test_what_killed_processes_left_is_removed_and_nothing_else(tmp_path):
    (tmp_path / f".last.ckpt{MARK}7").touch()
    for name in ("last.ckpt", ".lock", "metrics.csv"):
        (tmp_path / name).touch()
    sweep(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == [".lock", "last.ckpt", "metrics.csv"]


def test_a_stage_is_removed_at_the_end_and_those_of_killed_processes_at_the_start(tmp_path):
    path = tmp_path / "deeper" / "clip [1].mp4"
    with staging(path) as killed:
        orphan = killed.with_name(f".{path.name}{STAGE}{2**22 + 1}")
        other = killed.with_name(f".other.mp4{STAGE}{2**22 + 1}")
        live = killed.with_name(f".{path.name}{STAGE}{os.getppid()}")
        for folder in (orphan, other, live):
            folder.mkdir()
            (folder / "video.mp4").write_bytes(b"half")
    assert not killed.exists()
    with staging(path) as stage:
        assert not orphan.exists()
        assert other.exists()
        assert stage.is_dir()
    assert {*path.parent.iterdir()} == {other, live}


def test_a_stage_of_a_killed_process_with_the_number_of_this_one_is_removed(tmp_path):
    """In a container, each start may have the same number."""
    path = tmp_path / "bundle"
    orphan = tmp_path / f".bundle{STAGE}{os.getpid()}"
    orphan.mkdir()
    (orphan / "half").touch()
    with staging(path) as stage:
        assert list(stage.iterdir()) == []
        (stage / "mine").touch()
        with pytest.raises(FileExistsError), staging(path):  # in use by this process
            pass
        assert (stage / "mine").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_with_the_name_of_the_file(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    replace_text(tmp_path / "a.json", "old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*/a\.json'"):
        replace_text(tmp_path / "a.json", "new")
    assert (tmp_path / "a.json").read_text() == "old"


@pytest.mark.parametrize("missing", [False, True])
def test_an_error_names_the_file_that_was_asked_for(tmp_path, missing):
    place = tmp_path / "missing" / "a" if missing else tmp_path / "a"
    (tmp_path / "b").touch()
    if not missing:
        place.mkdir()

    def by_path():
        with replacing_path(place) as beside:
            beside.write_bytes(b"new")

    acts = (
        lambda: replace_text(place, "new"),
        by_path,
        lambda: replace_by_link(place, tmp_path / "b"),
    )
    for act in acts:
        with pytest.raises((IsADirectoryError, FileNotFoundError)) as refused:
            act()
        known = {str(place), str(tmp_path / "b")} if missing else {str(place)}
        assert refused.value.filename in known
    assert not leftovers(tmp_path)


def test_an_error_about_another_file_keeps_its_name(tmp_path):
    def read_another():
        with replacing(tmp_path / "a"):
            (tmp_path / "other").read_text()

    with pytest.raises(FileNotFoundError) as refused:
        read_another()
    assert refused.value.filename == str(tmp_path / "other")


def test_a_home_that_nobody_knows_is_told_with_the_way_out():
    assert expanded("~/data") == Path.home() / "data"
    assert expanded("data/~") == Path("data/~")
    with pytest.raises(ValueError, match=r"~nobody-knows/data .*write the whole path"):
        expanded("~nobody-knows/data")
