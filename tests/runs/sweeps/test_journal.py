"""Optuna's file after a kill, a power cut or worse."""

import json

import pytest

from segadapt.runs.sweeps.journal import mend

LINES = [json.dumps({"op_code": code, "worker_id": "a"}) for code in (0, 2, 4, 6)]
WHOLE = "\n".join(LINES) + "\n"


def test_a_journal_cut_at_any_byte_is_whole_lines_afterwards(tmp_path):
    file = tmp_path / "optuna.log"
    assert mend(file) is None
    for length in range(len(WHOLE) + 1):
        file.write_text(WHOLE[:length])
        said = mend(file)
        kept = file.read_text()
        assert WHOLE.startswith(kept)
        assert len(kept) == WHOLE[:length].rfind("\n") + 1
        assert (said is None) == (len(kept) == length)


@pytest.mark.parametrize("damage", [b"\0\0\0", b"\xff{}", b"[1, 2]", b'{"op_code"', b"", b"7"])
def test_a_damaged_line_is_named_with_its_file(tmp_path, damage):
    file = tmp_path / "optuna.log"
    lines = [line.encode() for line in LINES]
    content = b"\n".join([*lines[:2], damage, *lines[2:], b""])
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"optuna\.log is damaged: line 3 is not an operation"):
        mend(file)
    assert file.read_bytes() == content
