"""Archives of torch are compared with the sums that they hold."""

import zipfile

import pytest
import torch

from segadapt.runs.archive import check_archive


def test_what_torch_writes_passes(tmp_path):
    torch.save({"weight": torch.arange(1000.0)}, tmp_path / "a.pt")
    with (tmp_path / "a.pt").open("rb") as file:
        check_archive(file)
        assert file.tell() == 0


def test_a_tensor_that_torch_reads_in_silence_is_named(tmp_path):
    path = tmp_path / "a.pt"
    torch.save({"weight": torch.arange(1000.0)}, path)
    data = bytearray(path.read_bytes())
    data[data.index(torch.tensor(500.0).numpy().tobytes())] ^= 1
    path.write_bytes(data)
    assert not torch.equal(torch.load(path)["weight"], torch.arange(1000.0))  # the reason for this
    with (
        path.open("rb") as file,
        pytest.raises(ValueError, match=r"checksum of the record .*data/0 does"),
    ):
        check_archive(file)


def test_compressed_records_are_refused(tmp_path):
    path = tmp_path / "bomb.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data/0", bytes(10_000_000))
    with path.open("rb") as file, pytest.raises(ValueError, match="data/0 is compressed"):
        check_archive(file)


@pytest.mark.parametrize("data", [b"", b"words", b"PK\x03\x04 and no more", bytes(300)])
def test_anything_else_is_a_sentence(tmp_path, data):
    (tmp_path / "a.pt").write_bytes(data)
    with (
        (tmp_path / "a.pt").open("rb") as file,
        pytest.raises(ValueError, match="not a complete arch"),
    ):
        check_archive(file)
