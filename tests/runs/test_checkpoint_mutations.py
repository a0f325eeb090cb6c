"""Whatever happens to the bytes of a checkpoint, it is read as it was written or not at all."""

import random

import pytest
import torch
from checkpoints import saved

from segadapt.functional.nonfinite import named_tensors
from segadapt.runs.checkpoint import write
from segadapt.training.checkpoint_io import AtomicCheckpointIO

PATIENT = pytest.param(400, marks=pytest.mark.slow)


def flipped(data, chance):
    place = chance.randrange(len(data))
    data[place] ^= 1 << chance.randrange(8)
    return data


def truncated(data, chance):
    return data[: chance.randrange(len(data))]


def zeroed(data, chance):
    start = chance.randrange(len(data) - 64)
    data[start : start + 64] = bytes(64)
    return data


def same(content, step):
    """Whether all values are those that were saved; other bytes of the file may differ."""
    expected = dict(named_tensors(saved(step)))
    found = dict(named_tensors({key: content.get(key) for key in saved(step)}))
    return content["global_step"] == step and all(
        torch.equal(found[name], value) for name, value in expected.items()
    )


def outcome(path):
    try:
        content = AtomicCheckpointIO().load_checkpoint(path)
    except ValueError as error:
        return "refused" if path.name in str(error) else "not named"
    if same(content, 2):
        return "same"
    return "predecessor" if same(content, 1) else "silent"


@pytest.mark.parametrize("trials", [4, PATIENT])
@pytest.mark.parametrize("way", [flipped, truncated, zeroed])
@pytest.mark.parametrize("sidecar", ["kept", "missing", "empty"])
def test_no_change_of_the_bytes_is_silent(tmp_path, caplog, sidecar, way, trials):
    path, chance = tmp_path / "last.ckpt", random.Random(f"{sidecar} {way.__name__}")
    files = AtomicCheckpointIO()
    for step in (1, 2):
        files.save_checkpoint(saved(step), path)
    digest, original = tmp_path / "last.ckpt.sha256", path.read_bytes()
    if sidecar != "kept":
        digest.unlink() if sidecar == "missing" else digest.write_text("\n")
    outcomes = []
    for _ in range(trials):
        path.write_bytes(way(bytearray(original), chance))
        if path.read_bytes() == original:
            continue
        caplog.clear()
        outcomes.append(outcome(path))
        assert caplog.messages, "nothing was said"
    assert not {"silent", "not named"} & set(outcomes)
    if sidecar == "kept":
        assert set(outcomes) == {"predecessor"}


@pytest.mark.parametrize("way", [flipped, truncated, zeroed])
def test_without_a_predecessor_a_changed_checkpoint_is_refused(tmp_path, way):
    path, chance = tmp_path / "last.ckpt", random.Random(way.__name__)
    write(saved(2), path)
    original = path.read_bytes()
    for _ in range(3):
        path.write_bytes(way(bytearray(original), chance))
        assert outcome(path) == "refused"
