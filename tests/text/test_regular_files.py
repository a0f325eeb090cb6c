import os

import pytest

from segadapt.text.regular_files import UNREADABLE, open_regular, read_regular, reason


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (KeyError(101), "it is not a checkpoint"),
        (EOFError(), "it is not a checkpoint"),
        (RuntimeError("no central directory\nmore"), "no central directory"),
        (OSError("disk"), "disk"),
    ],
)
def test_the_reason_why_a_file_cannot_be_read_is_one_line(error, line):
    assert isinstance(error, UNREADABLE)
    assert reason(error) == line


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    pipe = tmp_path / "image.png"
    os.mkfifo(pipe)
    with pytest.raises(ValueError, match=r"image\.png is not a regular file"):
        open_regular(pipe)


def test_links_are_followed_and_the_beginning_is_enough(tmp_path):
    (tmp_path / "file").write_bytes(b"abcdef")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link", 3) == b"abc"
    assert read_regular(tmp_path / "link") == b"abcdef"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match="absent cannot be read: No such file"):
        read_regular(tmp_path / "absent")
