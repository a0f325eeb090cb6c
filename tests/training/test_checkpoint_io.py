"""A training resumes from its own, whole checkpoint, or from the one before."""

import copy
import math

import pytest
import torch
from checkpoints import saved

from segadapt.runs.checkpoint import keep_as, read, write
from segadapt.runs.origin import Origin, as_text, without_modules
from segadapt.training.checkpoint_io import AtomicCheckpointIO

OWN = Origin("aaa", "digest 0", {"seed": 0, "classifier": "CACClassifier", "classes": 4})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "last.ckpt"


def two(path, origin=None, **second):
    """The folder of a run with two checkpoints, the second changed."""
    AtomicCheckpointIO(origin).save_checkpoint(saved(1), path)
    AtomicCheckpointIO(origin).save_checkpoint(saved(2, **second), path)


@pytest.mark.parametrize("text", ["", "\n", "\n\n", "not a digest\n", "\xff"])
def test_a_missing_digest_is_said_and_the_checkpoint_read(path, caplog, text):
    two(path)
    path.with_name("last.ckpt.sha256").write_text(text, encoding="latin-1")
    assert read(path)["global_step"] == 2
    assert "last.ckpt.sha256 holds no digest of last.ckpt; only the checksums within" in caplog.text


def test_a_checkpoint_without_a_digest_has_its_successors_kept_whole(path):
    """A kill after any write must not leave a digest beside another checkpoint."""
    two(path)
    path.with_name("last.ckpt.sha256").unlink()
    AtomicCheckpointIO().save_checkpoint(saved(3), path)
    assert read(path.with_name("previous.ckpt"))["global_step"] == 2
    path.with_name("last.ckpt.sha256").unlink()
    keep_as(path, path.with_name("previous.ckpt"))
    assert read(path.with_name("previous.ckpt"))["global_step"] == 3


def test_the_predecessor_stands_in_for_a_missing_last_one(path, caplog):
    two(path)
    path.unlink()
    files = AtomicCheckpointIO()
    assert files.load_checkpoint(path)["global_step"] == 1
    assert files.loaded == path.with_name("previous.ckpt")
    assert "resuming from" in caplog.text


def test_both_are_named_where_neither_can_be_read(path):
    two(path)
    for name in ("last", "previous"):
        path.with_name(f"{name}.ckpt").write_bytes(b"")
    with pytest.raises(ValueError, match=r"last.ckpt is damaged.*; previous.ckpt cannot be used"):
        AtomicCheckpointIO().load_checkpoint(path)


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("part", ["state_dict", "optimizer_states"])
def test_values_that_are_no_numbers_are_not_resumed_from(path, caplog, part, value):
    bad = copy.deepcopy(saved(2))
    tensor = bad[part]["weight"] if part == "state_dict" else bad[part][0]["state"][0]["exp_avg"]
    tensor[7] = value
    two(path, **{part: bad[part]})
    assert AtomicCheckpointIO().load_checkpoint(path)["global_step"] == 1
    assert "last.ckpt holds NaN or infinite values in 1 tensor, such as " + part in caplog.text
    with pytest.raises(ValueError, match="use an earlier checkpoint"):
        read(path)


def test_an_emptied_optimiser_is_noticed(path, caplog):
    """Also in a checkpoint of an older version, which does not count its tensors."""
    two(path)
    emptied = saved(2)
    emptied["optimizer_states"][0]["state"] = {}
    write(emptied, path)
    assert AtomicCheckpointIO().load_checkpoint(path)["global_step"] == 1
    assert "the state of its optimiser is empty" in caplog.text


def test_a_tensor_that_was_taken_out_is_noticed(path):
    two(path)
    content = read(path)
    content["optimizer_states"][0]["state"][0] = {"step": 3}
    write(content, path)
    assert AtomicCheckpointIO().load_checkpoint(path)["global_step"] == 1


@pytest.mark.parametrize("part", ["optimizer_states", "lr_schedulers", "callbacks", "global_step"])
def test_a_part_that_is_missing_is_named(path, part):
    content = saved(2)
    del content[part]
    write(content, path)
    with pytest.raises(ValueError, match=f"not a checkpoint of a training: it lacks {part}"):
        AtomicCheckpointIO().load_checkpoint(path)


def test_a_list_is_not_a_checkpoint(path):
    torch.save([1, 2], path)
    with pytest.raises(ValueError, match="it holds a list"):
        read(path)


def test_a_run_resumes_from_its_own_checkpoint(path):
    two(path, OWN)
    assert AtomicCheckpointIO(OWN).load_checkpoint(path)["global_step"] == 2
    unknown = OWN._replace(id=None)  # of a rank above 0
    assert AtomicCheckpointIO(unknown).load_checkpoint(path)["global_step"] == 2


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"id": "bbb"}, "it is of run bbb, this is run aaa"),
        (
            {"config": "digest 1", "facts": {**OWN.facts, "seed": 1}},
            "seed is 1 there and 0 here",
        ),
        ({"config": "digest 2"}, r"the config of its run \(aaa\) differs from config.yaml"),
    ],
)
def test_the_checkpoint_of_another_run_is_refused(path, changes, difference):
    two(path, OWN._replace(**changes))
    with pytest.raises(ValueError, match=f"last.ckpt belongs to another run: {difference}; put"):
        AtomicCheckpointIO(OWN).load_checkpoint(path)


def test_an_unreadable_origin_is_refused(path):
    write(saved(2, run=7), path)
    with pytest.raises(ValueError, match="its entry about its run is unreadable"):
        AtomicCheckpointIO(OWN).load_checkpoint(path)


def test_a_checkpoint_of_an_older_version_is_resumed(path):
    write(saved(2), path)  # without its run
    assert AtomicCheckpointIO(OWN).load_checkpoint(path)["global_step"] == 2


def test_a_run_is_described_by_what_tells_it_apart():
    assert as_text(OWN.record()) == "aaa (seed 0, classifier CACClassifier, classes 4)"


def test_text_of_a_foreign_checkpoint_does_not_reach_the_terminal():
    hostile = {"id": "\x1b[2Jx", "facts": {"seed": "\n" * 200}}
    assert as_text(hostile) == "?[2Jx (seed " + "?" * 80 + ")"
    assert as_text({"id": 3, "facts": 7}) == "3 ()"


def test_a_run_stays_itself_when_a_module_of_ours_is_renamed():
    def config(inference, norm="torch.nn.BatchNorm2d"):
        return {"inference": {"_target_": inference}, "blocks": [{"_target_": norm}]}

    before = without_modules(config("segadapt.evaluation.inference.methods.slide"))
    assert without_modules(config("segadapt.evaluation.inference.methods.slide")) == before
    assert without_modules(config("segadapt.evaluation.inference.methods.whole")) != before
    assert (
        without_modules(config("segadapt.evaluation.inference.methods.slide", "timm.BatchNorm2d"))
        != before
    )
