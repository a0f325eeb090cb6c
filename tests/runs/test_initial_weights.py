"""What ``init`` says is checked, and its weights are named by their digest."""

import hashlib

import pytest
from omegaconf import OmegaConf

from segadapt.runs.initial_weights import settle_origin


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "config.yaml").write_text("seed: 0\n")
    (folder / "run.json").write_text('{"state": "finished"}')
    (folder / "checkpoints" / "last.ckpt").write_bytes(b"weights")
    return folder


def config(**changes):
    init = {"run": None, "checkpoint": "last", "classifier": "keep", "freeze": None, "sha256": None}
    return OmegaConf.create({"init": {**init, **changes}})


def test_the_digest_is_that_of_the_file(run):
    cfg = config(run=str(run))
    settle_origin(cfg)
    assert cfg.init.sha256 == hashlib.sha256(b"weights").hexdigest()
    settle_origin(cfg)  # a resumed run says it already


def test_weights_that_have_changed_are_refused(run):
    cfg = config(run=str(run))
    settle_origin(cfg)
    (run / "checkpoints" / "last.ckpt").write_bytes(b"others")
    with pytest.raises(ValueError, match=r"last\.ckpt has changed since this config was written"):
        settle_origin(cfg)


def test_without_a_run_nothing_is_written():
    cfg = config()
    settle_origin(cfg)
    assert cfg.init.sha256 is None
    settle_origin(OmegaConf.create({}))  # of an earlier version


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classifier": "kept"}, "Unknown init.classifier=kept; available: keep, match, renew"),
        ({"freeze": "decoder"}, "Unknown init.freeze=decoder; available: encoder, generator"),
        ({"run": "nowhere"}, "init.run: nowhere is not a run folder: config.yaml is missing"),
    ],
)
def test_wrong_values_are_one_sentence(changes, message):
    with pytest.raises(ValueError, match=message):
        settle_origin(config(**changes))


def test_a_checkpoint_that_is_not_there_is_named(run):
    with pytest.raises(ValueError, match=r"Unknown checkpoint 'best' in .*; available: last"):
        settle_origin(config(run=str(run), checkpoint="best"))
