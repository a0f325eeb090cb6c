import pytest

from segadapt.files import UNREADABLE, reason


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (KeyError(101), "it is not a checkpoint"),
        (EOFError(), "it is not a checkpoint"),
        (RuntimeError("no central directory\nmore"), "no central directory"),
        (OSError("disk"), "disk"),
    ],
)
def test_a_line_says_why_a_file_is_none(error, line):
    assert isinstance(error, UNREADABLE)
    assert reason(error) == line
