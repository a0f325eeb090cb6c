"""Checkpoints are data, whole, and there."""

import hashlib
import os
import pickle
import shutil
import subprocess
from types import SimpleNamespace

import pytest
import torch
from checkpoints import saved

from segadapt.runs import checkpoint
from segadapt.runs.checkpoint import digest, keep_as, read, write
from segadapt.training.checkpoint_io import AtomicCheckpointIO


def step(path):
    return read(path)["global_step"]


def names(folder):
    return sorted(file.name for file in folder.iterdir())


class Code:
    """Runs when it is unpickled."""

    def __reduce__(self):
        return os.system, ("exit 7",)


def test_what_is_written_is_read(tmp_path):
    write(saved(3), tmp_path / "new" / "last.ckpt")
    found = read(tmp_path / "new" / "last.ckpt")
    assert found["global_step"] == 3
    torch.testing.assert_close(found["state_dict"], saved(3)["state_dict"])


def test_the_digest_is_that_of_sha256sum(tmp_path):
    path = tmp_path / "last.ckpt"
    write(saved(1), path)
    assert digest(path) == hashlib.sha256(path.read_bytes()).hexdigest()
    checked = subprocess.run(
        ["sha256sum", "--check", "last.ckpt.sha256"], cwd=tmp_path, capture_output=True, check=False
    )
    assert checked.returncode == 0


@pytest.mark.parametrize("way", [torch.save, lambda node, file: pickle.dump(node, file, 2)])
def test_code_in_a_checkpoint_is_not_run(tmp_path, monkeypatch, way):
    called = []
    monkeypatch.setattr(os, "system", called.append)
    path = tmp_path / "last.ckpt"
    with path.open("wb") as file:
        way({"state_dict": Code()}, file)
    with pytest.raises(ValueError, match=r"last\.ckpt cannot be read as a checkpoint"):
        read(path)
    with pytest.raises(ValueError, match=r"last\.ckpt cannot be read as a checkpoint"):
        AtomicCheckpointIO().load_checkpoint(path, weights_only=False)
    assert not called


def test_nobody_is_advised_to_run_the_code(tmp_path):
    torch.save({"state_dict": Code()}, tmp_path / "last.ckpt")
    with pytest.raises(ValueError, match="objects other than tensors and plain") as refusal:
        read(tmp_path / "last.ckpt")
    assert "weights_only" not in str(refusal.value)


def test_a_flipped_bit_is_found(tmp_path):
    path = tmp_path / "best.ckpt"
    write(saved(1), path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"best\.ckpt is damaged: its sha256 is not that of"):
        read(path)


@pytest.mark.parametrize("data", [b"", b"words", b"PK\x03\x04 and no more"])
def test_something_else_under_the_name_is_a_sentence(tmp_path, data):
    path = tmp_path / "last.ckpt"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"cannot be read as a checkpoint: ."):
        read(path)


def test_the_last_but_one_takes_the_place_of_a_damaged_last_one(tmp_path, caplog):
    path, files = tmp_path / "last.ckpt", AtomicCheckpointIO()
    for value in (1, 2):
        files.save_checkpoint(saved(value), path)
    path.write_bytes(path.read_bytes()[:-50])
    assert files.load_checkpoint(path)["global_step"] == 1
    assert "resuming from" in caplog.text
    files.save_checkpoint(saved(3), path)  # which must not lose the one that is whole
    assert (step(path), step(tmp_path / "previous.ckpt")) == (3, 1)


def test_a_damaged_checkpoint_without_another_is_an_error(tmp_path):
    path, files = tmp_path / "last.ckpt", AtomicCheckpointIO()
    files.save_checkpoint(saved(1), path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"last\.ckpt is damaged"):
        files.load_checkpoint(path)


def test_a_kept_checkpoint_stays_as_it_is(tmp_path):
    last, best = tmp_path / "last.ckpt", tmp_path / "best.ckpt"
    write(saved(1), last)
    keep_as(last, best)
    write(saved(2), last)
    assert (step(last), step(best)) == (2, 1)
    assert len((tmp_path / "best.ckpt.sha256").read_text().splitlines()) == 1


def test_a_kill_between_any_two_writes_leaves_a_pair_that_is_valid(tmp_path, monkeypatch):
    """Every state of the folder, between two renames, can be read."""
    last, previous = tmp_path / "last.ckpt", tmp_path / "previous.ckpt"
    files, seen, replace = AtomicCheckpointIO(), [], os.replace
    files.save_checkpoint(saved(1), last)
    files.save_checkpoint(saved(2), last)

    def watched(old, new):
        replace(old, new)
        seen.append((step(last), step(previous)))

    monkeypatch.setattr("pathlib.Path.replace", watched)
    files.save_checkpoint(saved(3), last)
    assert seen[0] == (2, 1)
    assert seen[-1] == (3, 2)


def test_a_full_disk_is_noticed_before_anything_is_written(tmp_path, monkeypatch):
    path = tmp_path / "last.ckpt"
    write(saved(1), path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(OSError, match=r"last\.ckpt: about \d+ bytes are needed, 10 are free; free"):
        write(saved(2), path)
    assert step(path) == 1


def test_a_disk_that_fills_up_meanwhile_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "last.ckpt"
    write(saved(1), path)

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint._Digesting, "write", full)
    with pytest.raises(OSError, match="No space left on device"):
        write(saved(2), path)
    assert step(path) == 1
    assert names(tmp_path) == ["last.ckpt", "last.ckpt.sha256"]


def test_a_removed_checkpoint_takes_its_digest_along(tmp_path):
    write(saved(1), tmp_path / "last.ckpt")
    AtomicCheckpointIO().remove_checkpoint(tmp_path / "last.ckpt")
    assert not names(tmp_path)
